package org.drag4j.tune;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.KernelOptions;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Port;
import org.drag4j.graph.Value;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.tensor.WeightSource;
import org.drag4j.trace.Trace;

/** A single node compiled by each of several candidates, on numbers of no meaning. */
final class OneNode implements AutoCloseable {
  private static final String OUTPUT = "y";

  private final DeviceWeights weights;
  private final List<Plan> plans = new ArrayList<>();
  private final List<DeviceMemory> memory = new ArrayList<>();

  private OneNode(DeviceWeights weights) {
    this.weights = weights;
  }

  static OneNode open(Backend backend, Value node, WeightSource weights, List<String> candidates) {
    var label = node.op().body().label();
    var all = new OneNode(backend.weights(Numbers.like(node, weights)));
    boolean opened = false;
    try {
      for (var name : candidates) {
        var kernels = new KernelOptions(false, Map.of(label, name));
        var options = PlanOptions.of(kernels);
        all.plans.add(Plan.compile(graph(node), backend, all.weights, options));
      }
      var plan = all.plans.getFirst();
      for (var name : plan.names()) {
        all.bind(name, plan.value(name).shape(), plan.value(name).dtype(), backend);
      }
      opened = true;
      return all;
    } finally {
      if (!opened) {
        all.close();
      }
    }
  }

  /** All plans read, and write, the same memory. */
  private void bind(String name, Shape shape, DType dtype, Backend backend) {
    var place = backend.allocate(shape.size() * dtype.bytes(), "an operand to measure with");
    memory.add(place);
    var tensor = new Tensor(place, 0, shape, dtype);
    if (!name.equals(OUTPUT)) {
      var x = new float[Math.toIntExact(shape.size())];
      for (int i = 0; i < x.length; i++) {
        x[i] = (i % 255 - 127) / 128f;
      }
      tensor.write(x);
    }
    plans.forEach(plan -> plan.bind(name, tensor));
  }

  private static Graph graph(Value node) {
    var graph = new Graph(Hook.NONE);
    var body = node.op().body();
    var in = new Value[body.arity()];
    for (int i = 0; i < in.length; i++) {
      var v = node.in(i);
      in[i] =
          v.op() instanceof Op.Weight(var param)
              ? graph.weight(param)
              : graph.input("x" + i, v.shape(), v.dtype(), Port.BOUND);
    }
    graph.node(body, node.path(), in).output(OUTPUT, Port.BOUND);
    return graph;
  }

  /** Name of the kernel of a candidate. */
  String kernel(int candidate) {
    return plans.get(candidate).steps().getLast().kernel().name();
  }

  void run(int candidate, Trace trace) {
    plans.get(candidate).run(trace);
  }

  @Override
  public void close() {
    plans.forEach(Plan::close);
    memory.forEach(DeviceMemory::close);
    weights.close();
  }

  /** Tensors of the shapes and types of a checkpoint's, with small numbers in them. */
  private record Numbers(Map<String, Entry> entries) implements WeightSource {
    static Numbers like(Value node, WeightSource source) {
      var entries = new LinkedHashMap<String, Entry>();
      for (var v : node.inputs()) {
        if (v.op() instanceof Op.Weight(var param)) {
          entries.put(param.name(), source.require(param));
        }
      }
      return new Numbers(entries);
    }

    @Override
    public String origin() {
      return "numbers to measure with";
    }

    @Override
    public Set<String> names() {
      return entries.keySet();
    }

    @Override
    public Optional<Entry> entry(String name) {
      return Optional.ofNullable(entries.get(name));
    }

    @Override
    public MemorySegment bytes(String name, Arena arena) {
      var entry = entry(name).orElseThrow();
      long bytes = entry.shape().size() * entry.dtype().bytes();
      var data = arena.allocate(bytes, Double.BYTES);
      // The same 16 bits again and again, near 0.02 in F16 and 0.01 in BF16 and F32, but for the
      // lowest ones, so that no two rows are the same.
      short top = (short) (entry.dtype() == DType.F16 ? 0x2500 : 0x3c00);
      for (long i = 0; i + 1 < bytes; i += 2) {
        data.set(ValueLayout.JAVA_SHORT_UNALIGNED, i, (short) (top | (i / 2 % 61)));
      }
      return data;
    }
  }
}
