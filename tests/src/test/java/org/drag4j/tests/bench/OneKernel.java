package org.drag4j.tests.bench;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.Devices;
import org.drag4j.plan.Plan;
import org.drag4j.tensor.DType;
import org.drag4j.tests.conformance.CaseGraph;
import org.drag4j.trace.Trace;

/** One operation, compiled, its inputs in place and its weights in float16. */
final class OneKernel implements AutoCloseable {
  private static final long SEED = 7;

  private final Backend backend;
  private final DeviceWeights weights;
  private final Plan plan;

  private OneKernel(Backend backend, DeviceWeights weights, Plan plan) {
    this.backend = backend;
    this.weights = weights;
    this.plan = plan;
  }

  /**
   * Compiles the operation and says which kernel it got.
   *
   * @param shape numbers with {@code x} between
   * @param operation makes the operation from the shape and names its output
   */
  static OneKernel open(DeviceState device, String shape, BiConsumer<CaseGraph, int[]> operation) {
    int[] numbers = Arrays.stream(shape.split("x", -1)).mapToInt(Integer::parseInt).toArray();
    var built = new CaseGraph(SEED, DType.F16);
    operation.accept(built, numbers);
    var backend = Devices.open(device.device, device.deviceOptions());
    var weights = backend.weights(built.weights());
    var plan = Plan.compile(built.graph(), backend, weights, device.planOptions());
    built
        .inputs()
        .forEach((name, values) -> {
          var x = new float[values.length];
          for (int i = 0; i < x.length; i++) {
            x[i] = (float) values[i];
          }
          plan.tensor(name).write(x);
        });
    System.out.printf(
        Locale.ROOT,
        "# %s: %s, %.3f GFLOP by the direct algorithm%n",
        shape,
        plan.steps().stream().map(s -> s.kernel().name()).collect(Collectors.joining(", ")),
        plan.cost().flops() / 1e9);
    return new OneKernel(backend, weights, plan);
  }

  void run() {
    plan.run(Trace.OFF);
  }

  @Override
  public void close() {
    plan.close();
    weights.close();
    backend.close();
  }
}
