package org.drag4j.reference;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.graph.Op;
import org.drag4j.graph.Port;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.Tensor;
import org.drag4j.trace.Trace;

/**
 * A case compiled for a device in one way or several, its inputs written. Bound inputs and outputs
 * are the same memory for all of them.
 */
public final class CompiledCase implements AutoCloseable {
  private final Backend backend;
  private final CaseGraph built;
  private final DeviceWeights weights;
  private final List<Plan> plans = new ArrayList<>();
  private final Map<String, Tensor> shared = new HashMap<>();

  private CompiledCase(Backend backend, CaseGraph built) {
    this.backend = backend;
    this.built = built;
    weights = backend.weights(built.weights());
  }

  /**
   * Compiles a case, once for each of {@code ways}.
   *
   * @throws org.drag4j.device.UnsupportedOpException where the device has no kernel for a node
   * @throws org.drag4j.device.DeviceMemoryException where the device has not enough memory
   */
  public static CompiledCase open(Backend backend, CaseGraph built, List<PlanOptions> ways) {
    var all = new CompiledCase(backend, built);
    boolean opened = false;
    try {
      for (var options : ways) {
        all.plans.add(Plan.compile(built.graph(), backend, all.weights, options));
        for (var name : all.plans.getLast().names()) {
          if (built.graph().port(name) != Port.OWNED) {
            all.bind(name, all.plans.getLast());
          }
        }
      }
      all.write();
      opened = true;
      return all;
    } finally {
      if (!opened) {
        all.close();
      }
    }
  }

  /** As {@link #open(Backend, CaseGraph, List)}, in one way. */
  public static CompiledCase open(Backend backend, CaseGraph built, PlanOptions options) {
    return open(backend, built, List.of(options));
  }

  private void bind(String name, Plan plan) {
    var tensor =
        shared.computeIfAbsent(
            name,
            _ -> {
              var shape = plan.value(name).shape();
              var dtype = plan.value(name).dtype();
              var memory = backend.allocate(shape.size() * dtype.bytes(), name + " of a case");
              return new Tensor(memory, 0, shape, dtype);
            });
    plan.bind(name, tensor);
  }

  /** Sets the inputs of all ways. */
  public void write() {
    var done = new HashSet<String>();
    for (var plan : plans) {
      for (var name : plan.names()) {
        if (plan.value(name).op() instanceof Op.Input
            && (!shared.containsKey(name) || done.add(name))) {
          built.write(name, plan.tensor(name));
        }
      }
    }
  }

  /** Graph, inputs and weights. */
  public CaseGraph built() {
    return built;
  }

  /** The plan of the first way. */
  public Plan plan() {
    return plan(0);
  }

  /** The plan of one way. */
  public Plan plan(int way) {
    return plans.get(way);
  }

  /** Computes the outputs in one way. */
  public void run(int way, Trace trace) {
    plans.get(way).run(trace);
  }

  @Override
  public void close() {
    plans.forEach(Plan::close);
    shared.values().forEach(t -> t.memory().close());
    weights.close();
  }
}
