package org.drag4j.pipeline;

import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.graph.Value;
import org.drag4j.plan.Hoisted;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.trace.Trace;

/**
 * What the UNet makes of contexts alone, the keys and values of every cross-attention: computed
 * when first needed, then read by every denoiser of an edit.
 */
final class ContextWork implements AutoCloseable {
  /**
   * What is computed from what.
   *
   * @param nodes the graph, node by node
   */
  private record Key(List<String> nodes, FloatBuffer context) {}

  private final Map<Key, Plan> done = new HashMap<>();

  /**
   * A plan that has run, whose outputs stay until this is closed.
   *
   * @param input name of the input that holds the contexts, {@code context}
   */
  Plan of(
      Hoisted graphs,
      Backend backend,
      DeviceWeights weights,
      PlanOptions options,
      String input,
      float[] context,
      Trace trace) {
    var key = new Key(describe(graphs), FloatBuffer.wrap(context.clone()));
    var have = done.get(key);
    if (have != null) {
      return have;
    }
    var plan = Plan.compile(graphs.once(), backend, weights, kept(options, graphs));
    try {
      plan.tensor(input).write(context);
      plan.run(trace);
    } catch (RuntimeException | Error e) {
      plan.close();
      throw e;
    }
    done.put(key, plan);
    return plan;
  }

  /** Options under which the first part's outputs are as the rest wants them. */
  static PlanOptions kept(PlanOptions options, Hoisted graphs) {
    return options.withKept(graphs.names()::contains);
  }

  private static List<String> describe(Hoisted graphs) {
    return graphs.once().live().stream()
        .map(v -> v.id() + " " + v + v.inputs().stream().map(Value::id).toList())
        .toList();
  }

  /** Releases everything; whoever reads it must be closed by then. */
  @Override
  public void close() {
    done.values().forEach(Plan::close);
    done.clear();
  }
}
