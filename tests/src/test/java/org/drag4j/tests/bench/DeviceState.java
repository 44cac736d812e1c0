package org.drag4j.tests.bench;

import java.util.Map;
import java.util.OptionalInt;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.KernelOptions;
import org.drag4j.plan.PlanOptions;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** How a device is opened and kernels are chosen: {@code -p threads=1 -p vectorBits=256}. */
@State(Scope.Benchmark)
public class DeviceState {
  private static final String PROCESSOR = "all";

  @Param("cpu")
  String device = "cpu";

  @Param(PROCESSOR)
  String threads = PROCESSOR;

  @Param(PROCESSOR)
  String vectorBits = PROCESSOR;

  @Param("false")
  boolean exact;

  DeviceOptions deviceOptions() {
    return new DeviceOptions(number(threads), number(vectorBits));
  }

  PlanOptions planOptions() {
    return PlanOptions.of(new KernelOptions(exact, Map.of()));
  }

  private static OptionalInt number(String value) {
    return value.equals(PROCESSOR) ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(value));
  }
}
