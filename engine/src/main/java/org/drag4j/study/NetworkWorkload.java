package org.drag4j.study;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import org.drag4j.device.Backend;
import org.drag4j.graph.Op;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.ChannelsLast;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.WeightSource.Entry;
import org.drag4j.trace.Trace;
import org.drag4j.weights.ModelFolder;
import org.drag4j.weights.SafetensorsWriter;

/** One network, compiled once. Its inputs are drawn from a fixed seed. */
final class NetworkWorkload implements Workload {
  private final Deque<Release> resources = new ArrayDeque<>();
  private final NetworkGraph network;
  private final Plan plan;

  @FunctionalInterface
  private interface Release {
    void run();
  }

  static NetworkWorkload open(
      BenchTarget target,
      ModelFolder model,
      Backend backend,
      PlanOptions options,
      int size,
      int batch) {
    return new NetworkWorkload(target, model, backend, options, size, batch);
  }

  private NetworkWorkload(
      BenchTarget target,
      ModelFolder model,
      Backend backend,
      PlanOptions options,
      int size,
      int batch) {
    boolean opened = false;
    try {
      network = NetworkGraph.open(target, model, size, batch);
      resources.push(network::close);
      var weights = backend.weights(network.weights());
      resources.push(weights::close);
      plan = Plan.compile(network.graph(), backend, weights, options);
      resources.push(plan::close);
      opened = true;
    } finally {
      if (!opened) {
        close();
      }
    }
  }

  @Override
  public void run(Trace trace) {
    network
        .inputs()
        .forEach((name, values) -> {
          var to = plan.tensor(name);
          if (to.dtype() == DType.I32) {
            to.write(integers(values));
          } else {
            to.write(values);
          }
        });
    plan.run(trace);
  }

  private static int[] integers(float[] values) {
    int[] x = new int[values.length];
    Arrays.setAll(x, i -> (int) values[i]);
    return x;
  }

  @Override
  public DType dtype() {
    return plan.names().stream()
        .map(plan::value)
        .filter(v -> !(v.op() instanceof Op.Input))
        .findFirst()
        .orElseThrow()
        .dtype();
  }

  @Override
  public void save(Path safetensors) throws IOException {
    var tensors = new LinkedHashMap<String, Entry>();
    var data = new LinkedHashMap<String, MemorySegment>();
    for (var name : plan.names()) {
      var shape = plan.value(name).shape();
      boolean integers = plan.value(name).dtype() == DType.I32;
      tensors.put(name, new Entry(ChannelsLast.channelsFirst(shape), plan.value(name).dtype()));
      // What was an input may have been overwritten by the run.
      var given = network.inputs().get(name);
      var values = given == null ? plan.tensor(name).read() : given;
      data.put(
          name,
          integers
              ? MemorySegment.ofArray(integers(values))
              : MemorySegment.ofArray(ChannelsLast.toChannelsFirst(values, shape)));
    }
    try (var writer =
        SafetensorsWriter.create(safetensors, tensors, Map.of("seed", "" + NetworkGraph.SEED))) {
      for (var entry : data.entrySet()) {
        writer.write(entry.getKey(), entry.getValue());
      }
      writer.finish();
    }
  }

  @Override
  public void close() {
    while (!resources.isEmpty()) {
      resources.pop().run();
    }
  }
}
