package org.drag4j.tests.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.KernelOptions;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Site;
import org.drag4j.graph.Value;
import org.drag4j.layer.Attention;
import org.drag4j.plan.Fusion;
import org.drag4j.plan.Hoisted;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.reference.CompiledCase;
import org.drag4j.reference.MapWeights;
import org.drag4j.reference.Meaning;
import org.drag4j.reference.OpCases;
import org.drag4j.reference.ReferenceBackend;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.tensor.Weights;
import org.drag4j.tests.conformance.Target;
import org.drag4j.trace.TimingTrace;
import org.drag4j.trace.Trace;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What running a plan again, fusing it, binding it elsewhere or editing it does to its results. */
class ReplayTest {
  private static final int DIM = 16;

  @ParameterizedTest
  @MethodSource("targets")
  void inputsKeepTheirValuesFromRunToRun(Target target) {
    try (var backend = target.open();
        var net = CompiledCase.open(backend, OpCases.everyOp().build(), PlanOptions.DEFAULT)) {
      var plan = net.plan();
      plan.run(Trace.OFF);
      var x = plan.tensor("x").read();
      var first = plan.tensor("y").read();
      plan.run(Trace.OFF);
      assertArrayEquals(x, plan.tensor("x").read());
      assertArrayEquals(first, plan.tensor("y").read());
      var other = x.clone();
      other[0] += 1;
      plan.tensor("x").write(other);
      plan.run(Trace.OFF);
      assertArrayEquals(other, plan.tensor("x").read());
      assertFalse(Arrays.equals(first, plan.tensor("y").read()));
    }
  }

  static List<Target> targets() {
    return Target.all();
  }

  static Stream<String> fusions() {
    return Stream.concat(Stream.of(Fusion.values()).map(Fusion::label), Stream.of("all"));
  }

  @ParameterizedTest
  @MethodSource("fusions")
  void fusionSavesStepsAndChangesNothing(String off) {
    try (var fused =
            CompiledCase.open(
                new ReferenceBackend(Meaning.SINGLE),
                OpCases.everyOp().build(),
                PlanOptions.DEFAULT);
        var plain =
            CompiledCase.open(
                new ReferenceBackend(Meaning.SINGLE),
                OpCases.everyOp().build(),
                new PlanOptions(KernelOptions.DEFAULT, Set.of(off)))) {
      assertTrue(fused.plan().steps().size() < plain.plan().steps().size());
      var stillFused =
          plain.plan().steps().stream()
              .filter(s -> s.node().op() instanceof Op.Fused)
              .map(s -> s.node().op().label())
              .toList();
      assertFalse(
          stillFused.stream().anyMatch(label -> off.equals("all") || off.startsWith(label)),
          () -> off + ": " + stillFused);
      fused.plan().run(Trace.OFF);
      plain.plan().run(Trace.OFF);
      for (var name : fused.built().graph().outputs().sequencedKeySet()) {
        assertArrayEquals(fused.plan().tensor(name).read(), plain.plan().tensor(name).read());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void tensorsMayBeBoundElsewhereBetweenRuns(Target target) {
    try (var backend = target.open();
        var net = CompiledCase.open(backend, OpCases.everyOp().build(), PlanOptions.DEFAULT)) {
      var plan = net.plan();
      plan.run(Trace.OFF);
      var expected = plan.tensor("y").read();
      var x = plan.tensor("x");
      var y = plan.tensor("y");
      try (var memory = backend.allocate(x.byteSize() + y.byteSize() + 64, "elsewhere")) {
        var elsewhereX = new Tensor(memory, 64, x.shape(), DType.F32);
        var elsewhereY = new Tensor(memory, 64 + x.byteSize(), y.shape(), DType.F32);
        elsewhereX.write(x.read());
        x.write(new float[(int) x.shape().size()]);
        y.write(new float[(int) y.shape().size()]);
        plan.bind("x", elsewhereX);
        plan.bind("y", elsewhereY);
        plan.run(Trace.OFF);
        assertArrayEquals(expected, plan.tensor("y").read());
        assertFalse(Arrays.equals(expected, y.read()), "the old place is no longer written");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void capturedKeysAndValuesInjectedAgainGiveTheSameResult(Target target) {
    try (var backend = target.open();
        var weights = backend.weights(checkpoint())) {
      try (var capturing = attention(backend, weights, Hook.capture(Site::isSelfKeyOrValue));
          var injecting = attention(backend, weights, Hook.inject(Site::isSelfKeyOrValue));
          var memory = backend.allocate(2048, "keys and values")) {
        shared(memory, List.of("attn1#self_key", "attn1#self_value"), capturing, injecting);
        capturing.run(Trace.OFF);
        injecting.run(Trace.OFF);
        assertArrayEquals(capturing.tensor("y").read(), injecting.tensor("y").read());

        // Zero values: attention gives zero, and only the last layer's bias is left.
        var values = injecting.tensor("attn1#self_value");
        values
            .memory()
            .write(values.offset(), MemorySegment.ofArray(new byte[(int) values.byteSize()]));
        injecting.run(Trace.OFF);
        var y = injecting.tensor("y").read();
        for (int i = 0; i < y.length; i++) {
          assertEquals(0.25f, y[i]);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void stepsOfABankAreFilledAndReadAgainByTheirNumber(Target target) {
    var names = List.of("attn1#self_key", "attn1#self_value");
    try (var backend = target.open();
        var weights = backend.weights(checkpoint());
        var capturing = attention(backend, weights, Hook.capture(Site::isSelfKeyOrValue));
        var injecting = attention(backend, weights, Hook.inject(Site::isSelfKeyOrValue));
        var memory = backend.allocate(2 * 3 * 9 * DIM * 4, "bank")) {
      var banks = new HashMap<String, Tensor>();
      for (var name : names) {
        banks.put(
            name,
            new Tensor(
                memory,
                banks.size() * memory.byteSize() / 2,
                Shape.of(3, 9, DIM),
                capturing.value(name).dtype()));
      }
      var x = capturing.tensor("x").read();
      var captured = new ArrayList<float[]>();
      for (int step = 0; step < 3; step++) {
        x[0] += 1;
        capturing.tensor("x").write(x);
        capturing.bindBanks(banks, step);
        capturing.run(Trace.OFF);
        captured.add(capturing.tensor("y").read());
      }
      for (int step : new int[] {2, 0, 1}) {
        x[0] = injecting.tensor("x").read()[0];
        injecting.bindBanks(banks, step);
        injecting.run(Trace.OFF);
        var y = injecting.tensor("y").read();
        // Keys and values are the step's own; of the queries, only the first was another.
        var expected = captured.get(step);
        assertArrayEquals(
            Arrays.copyOfRange(expected, DIM, expected.length),
            Arrays.copyOfRange(y, DIM, y.length));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void whatDependsOnOneInputAloneMayBeComputedOnce(Target target) {
    try (var backend = target.open();
        var weights = backend.weights(checkpoint())) {
      var graph = new Graph(Hook.NONE);
      var attn =
          Attention.load(Weights.of(checkpoint()).at("attn1"), Attention.Kind.CROSS, 2, DIM, DIM);
      Value x = graph.input("x", Shape.of(1, 9, DIM), DType.F32);
      Value context = graph.input("context", Shape.of(1, 5, DIM), DType.F32);
      attn.forward(x, context).output("y");
      var halves = Hoisted.of(graph, Set.of("context")).orElseThrow();
      try (var whole = Plan.compile(graph, backend, weights, PlanOptions.DEFAULT);
          var once = Plan.compile(halves.once(), backend, weights, PlanOptions.DEFAULT);
          var rest = Plan.compile(halves.rest(), backend, weights, PlanOptions.DEFAULT);
          var memory = backend.allocate(2048, "keys and values")) {
        shared(memory, halves.names(), once, rest);
        assertEquals(whole.steps().size(), once.steps().size() + rest.steps().size());
        var tokens = wave(5 * DIM, 0.7);
        whole.tensor("context").write(tokens);
        once.tensor("context").write(tokens);
        once.run(Trace.OFF);
        for (double phase : new double[] {1, 2}) {
          for (var plan : List.of(whole, rest)) {
            plan.tensor("x").write(wave(9 * DIM, phase));
            plan.run(Trace.OFF);
          }
          assertArrayEquals(whole.tensor("y").read(), rest.tensor("y").read());
        }
      }
    }
  }

  /** Binds an output of one plan and the input of the same name of another to the same tensor. */
  private static void shared(DeviceMemory memory, Collection<String> names, Plan from, Plan to) {
    long each = memory.byteSize() / names.size();
    long offset = 0;
    for (var name : names) {
      var value = from.value(name);
      var tensor = new Tensor(memory, offset, value.shape(), value.dtype());
      from.bind(name, tensor);
      to.bind(name, tensor);
      offset += each;
    }
  }

  private static float[] wave(int count, double phase) {
    var values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) Math.sin(i + phase);
    }
    return values;
  }

  @ParameterizedTest
  @MethodSource("targets")
  void aTraceSeesEveryStepAndItsCost(Target target) {
    try (var backend = target.open();
        var net = CompiledCase.open(backend, OpCases.everyOp().build(), PlanOptions.DEFAULT)) {
      var trace = new TimingTrace();
      net.plan().run(trace);
      net.plan().run(trace);
      var rows = trace.byKernel();
      assertEquals(
          2 * net.plan().steps().size(), rows.stream().mapToInt(TimingTrace.Row::calls).sum());
      assertEquals(
          2 * net.plan().cost().flops(), rows.stream().mapToLong(r -> r.cost().flops()).sum());
    }
  }

  private static MapWeights checkpoint() {
    var source = new MapWeights();
    var random = new SplittableRandom(3);
    for (var name : new String[] {"to_q", "to_k", "to_v", "to_out.0"}) {
      source.put(
          "attn1." + name + ".weight",
          Shape.of(DIM, DIM),
          DType.F32,
          () -> random.nextDouble(-0.5, 0.5));
    }
    source.put("attn1.to_out.0.bias", Shape.of(DIM), DType.F32, () -> 0.25);
    return source;
  }

  private static Plan attention(Backend backend, DeviceWeights weights, Hook hook) {
    var g = new Graph(hook);
    var attn =
        Attention.load(Weights.of(checkpoint()).at("attn1"), Attention.Kind.SELF, 2, DIM, DIM);
    Value x = g.input("x", Shape.of(1, 9, DIM), DType.F32);
    attn.forward(x, x).output("y");
    var plan = Plan.compile(g, backend, weights, PlanOptions.DEFAULT);
    plan.tensor("x").write(wave(9 * DIM, 0));
    return plan;
  }
}
