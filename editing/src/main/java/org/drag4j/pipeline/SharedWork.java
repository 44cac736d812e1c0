package org.drag4j.pipeline;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.plan.Hoisted;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.Tensor;
import org.drag4j.trace.Trace;

/**
 * What programs compute from fixed inputs alone, such as the keys and values of every
 * cross-attention: computed when first needed, then read by every program of an edit.
 */
final class SharedWork implements AutoCloseable {
  /**
   * What is computed from what.
   *
   * @param nodes the graph, node by node
   */
  private record Key(List<String> nodes, Map<String, FloatBuffer> inputs) {}

  /** Vector loads and matrix units want whole lines. */
  private static final long ALIGNMENT = 256;

  private final Map<Key, Map<String, Tensor>> done = new HashMap<>();
  private final List<DeviceMemory> memory = new ArrayList<>();

  /**
   * What the first part computes, by name; it stays until this is closed.
   *
   * @param fixed values of the inputs by name; those of other parts of the program may be among
   *     them
   */
  Map<String, Tensor> of(
      Hoisted graphs,
      Backend backend,
      DeviceWeights weights,
      PlanOptions options,
      Map<String, float[]> fixed,
      Trace trace) {
    var inputs = new TreeMap<String, FloatBuffer>();
    for (var v : graphs.once().live()) {
      if (v.op() instanceof Op.Input(var name)) {
        var values = Objects.requireNonNull(fixed.get(name));
        inputs.put(name, FloatBuffer.wrap(values.clone()));
      }
    }
    var key = new Key(describe(graphs), inputs);
    var have = done.get(key);
    if (have != null) {
      return have;
    }
    var results = new HashMap<String, Tensor>();
    try (var plan = Plan.compile(graphs.once(), backend, weights, options)) {
      var place = backend.allocate(resultBytes(graphs, backend), "keys and values of contexts");
      memory.add(place);
      long offset = 0;
      for (var name : graphs.names()) {
        var value = plan.value(name);
        var tensor = new Tensor(place, offset, value.shape(), value.dtype());
        plan.bind(name, tensor);
        results.put(name, tensor);
        offset += aligned(tensor.byteSize());
      }
      inputs.forEach((name, values) -> plan.tensor(name).write(values.array()));
      plan.run(trace);
    }
    done.put(key, results);
    return results;
  }

  /** Device memory that the first part takes while it runs, with what it leaves. */
  static long bytes(Hoisted graphs, Backend backend, PlanOptions options) {
    return Plan.slabBytes(graphs.once(), backend, options) + resultBytes(graphs, backend);
  }

  private static long resultBytes(Hoisted graphs, Backend backend) {
    return graphs.once().outputs().values().stream()
        .mapToLong(v -> aligned(v.shape().size() * backend.activations().bytes()))
        .sum();
  }

  private static long aligned(long bytes) {
    return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
  }

  private static List<String> describe(Hoisted graphs) {
    return graphs.once().live().stream()
        .map(v -> v.id() + " " + v + v.inputs().stream().map(Value::id).toList())
        .toList();
  }

  /** Releases everything; whoever reads it must be closed by then. */
  @Override
  public void close() {
    done.clear();
    memory.forEach(DeviceMemory::close);
    memory.clear();
  }
}
