package org.drag4j.tests.bench;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.drag4j.device.Backend;
import org.drag4j.device.Devices;
import org.drag4j.reference.CompiledCase;
import org.drag4j.reference.OpCases;
import org.drag4j.trace.Trace;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** One operation, compiled, its inputs in place and its weights in float16. */
@State(Scope.Benchmark)
public class OneKernel {
  private @Nullable Backend backend;
  private @Nullable CompiledCase compiled;

  /**
   * Compiles the operation and says which kernel it got.
   *
   * @param shape numbers with {@code x} between, as {@link OpCases#timed} takes them
   */
  void open(DeviceState device, String label, String shape) {
    var opened = Devices.open(device.device, device.deviceOptions());
    backend = opened;
    compiled =
        CompiledCase.open(opened, OpCases.timed(label, sizes(shape)).build(), device.planOptions());
    var plan = compiled.plan();
    System.out.printf(
        Locale.ROOT,
        "# %s: %s, %.3f GFLOP by the direct algorithm%n",
        shape,
        plan.steps().stream().map(s -> s.kernel().name()).collect(Collectors.joining(", ")),
        plan.cost().flops() / 1e9);
  }

  /** Numbers with {@code x} between. */
  static int[] sizes(String shape) {
    return Arrays.stream(shape.split("x", -1)).mapToInt(Integer::parseInt).toArray();
  }

  void run() {
    if (compiled != null) {
      compiled.run(0, Trace.OFF);
    }
  }

  /** Releases the device. */
  @TearDown
  public void close() {
    if (compiled != null) {
      compiled.close();
    }
    if (backend != null) {
      backend.close();
    }
  }
}
