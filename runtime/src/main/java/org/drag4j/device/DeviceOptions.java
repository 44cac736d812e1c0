package org.drag4j.device;

import java.util.OptionalInt;

/**
 * How to open a device.
 *
 * @param threads worker threads; absent: as many as there are processors
 * @param vectorBits width of vectors on a CPU (0, 128, 256, 512); absent: the processor's
 */
public record DeviceOptions(OptionalInt threads, OptionalInt vectorBits) {
  public static final DeviceOptions DEFAULT =
      new DeviceOptions(OptionalInt.empty(), OptionalInt.empty());
}
