package org.drag4j.tests.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.graph.Op;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.reference.CaseGraph;
import org.drag4j.reference.Evaluation;
import org.drag4j.reference.OpCase;
import org.drag4j.reference.WrappedBackend;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.trace.Trace;

/** Runs a case on a backend and fails unless everything about it is right. */
final class Conformance {
  private static final double FACTOR = 2;
  private static final double APPROXIMATE_FACTOR = 8;

  private final Backend backend;
  private final OpCase opCase;
  private final CaseGraph built;
  private final SequencedMap<String, GuardedTensor> inputs = new LinkedHashMap<>();
  private final SequencedMap<String, GuardedTensor> outputs = new LinkedHashMap<>();

  private Conformance(Backend backend, OpCase opCase, CaseGraph built) {
    this.backend = backend;
    this.opCase = opCase;
    this.built = built;
  }

  /**
   * Checks outputs against their meaning, guard bands, untouched inputs, and that a second run,
   * with all memory in between full of NaN, gives the same bits; once in the plan's own slab and
   * once with every intermediate value in memory of its own.
   *
   * @throws AssertionError where anything is wrong
   */
  static List<Comparison> check(
      Backend backend, OpCase opCase, CaseGraph built, DeviceWeights weights, PlanOptions options) {
    var c = new Conformance(backend, opCase, built);
    try {
      return c.check(weights, options);
    } finally {
      c.inputs.values().forEach(GuardedTensor::close);
      c.outputs.values().forEach(GuardedTensor::close);
    }
  }

  private List<Comparison> check(DeviceWeights weights, PlanOptions options) {
    var slab = new Slab(backend);
    List<Comparison> comparisons;
    Map<String, int[]> first;
    try (var plan = Plan.compile(built.graph(), slab, weights, options)) {
      bind(plan);
      slab.poison();
      first = run(plan);
      comparisons = compare(plan, options.kernels().exact(), first);
      slab.poison();
      same("second run", first, run(plan));
    }
    try (var bands = new GuardBands(backend);
        var plan = Plan.compile(built.graph(), bands.guarded(), weights, options)) {
      bind(plan);
      bands.poison();
      same("run with guarded memory", first, run(plan));
      bands.damage().ifPresent(this::failed);
    }
    return comparisons;
  }

  private void bind(Plan plan) {
    for (var name : plan.names()) {
      var v = plan.value(name);
      var to = v.op() instanceof Op.Input ? inputs : outputs;
      var t =
          to.computeIfAbsent(name, n -> GuardedTensor.allocate(backend, n, v.shape(), v.dtype()));
      plan.bind(name, t.tensor());
    }
  }

  private Map<String, int[]> run(Plan plan) {
    outputs.values().forEach(GuardedTensor::poison);
    var before = new LinkedHashMap<String, int[]>();
    inputs.forEach((name, t) -> {
      t.poison();
      built.write(name, t.tensor());
      before.put(name, t.bits());
    });
    plan.run(Trace.OFF);
    for (var tensors : List.of(inputs, outputs)) {
      tensors.values().stream()
          .flatMap(t -> t.damage().stream())
          .findFirst()
          .ifPresent(this::failed);
    }
    inputs.forEach((name, t) ->
        assertArrayEquals(before.get(name), t.bits(), () -> where() + ": input " + name));
    var results = new LinkedHashMap<String, int[]>();
    outputs.forEach((name, t) -> results.put(name, t.bits()));
    return results;
  }

  private List<Comparison> compare(Plan plan, boolean exact, Map<String, int[]> results) {
    boolean approximate = plan.steps().stream().anyMatch(s -> s.kernel().approximate());
    if (exact && approximate) {
      failed("expected no approximate kernel with exact, got one");
    }
    double factor = approximate ? APPROXIMATE_FACTOR : FACTOR;
    var expected = Expected.of(opCase, built, storage(backend));
    var comparisons = new ArrayList<Comparison>();
    results.forEach((name, bits) -> {
      var got = new float[bits.length];
      MemorySegment.ofArray(got).copyFrom(MemorySegment.ofArray(bits));
      comparisons.add(
          Comparison.of(
              name,
              find(expected.exact(), name),
              List.of(find(expected.naive(), name), find(expected.backward(), name)),
              got,
              factor,
              backend.activations() == DType.F16));
    });
    for (var c : comparisons) {
      if (!c.ok()) {
        failed(c + " by " + plan.steps().stream().map(s -> s.kernel().name()).toList());
      }
    }
    return comparisons;
  }

  /** Between the casts of inputs and outputs there are halves; weights are halves on CUDA alone. */
  private static Evaluation.Storage storage(Backend backend) {
    if (backend.activations() != DType.F16) {
      return Evaluation.Storage.SINGLE;
    }
    return backend.device().startsWith("cuda:")
        ? Evaluation.Storage.HALF
        : Evaluation.Storage.HALF_ACTIVATIONS;
  }

  private static double[] find(Map<String, double[]> map, String name) {
    return Optional.ofNullable(map.get(name)).orElseThrow();
  }

  private void same(String what, Map<String, int[]> first, Map<String, int[]> second) {
    first.forEach((name, bits) ->
        assertArrayEquals(
            bits, second.get(name), () -> where() + ": " + what + ": bits of " + name));
  }

  private void failed(String message) {
    fail(where() + ": " + message);
  }

  private String where() {
    return backend.device() + ": " + opCase.name();
  }

  /** Remembers the memory a plan asks for. */
  private static final class Slab extends WrappedBackend {
    private final List<DeviceMemory> memories = new ArrayList<>();

    Slab(Backend inner) {
      super(inner);
    }

    @Override
    public DeviceMemory allocate(long bytes, String purpose) {
      var memory = super.allocate(bytes, purpose);
      memories.add(memory);
      return memory;
    }

    /** Fills it with NaN. */
    void poison() {
      for (var m : memories) {
        var nan = new byte[Math.toIntExact(m.byteSize())];
        Arrays.fill(nan, (byte) 0xff);
        m.write(0, MemorySegment.ofArray(nan));
      }
    }
  }
}
