package org.drag4j.device;

import java.util.OptionalInt;
import org.drag4j.tensor.DType;

/**
 * How to open a device.
 *
 * @param threads worker threads; absent: as many as there are processors
 * @param vectorBits width of vectors on a CPU (0, 128, 256, 512); absent: the processor's
 * @param activations element type of activations: F32, or F16 where the device supports it
 */
public record DeviceOptions(OptionalInt threads, OptionalInt vectorBits, DType activations) {
  public static final DeviceOptions DEFAULT =
      new DeviceOptions(OptionalInt.empty(), OptionalInt.empty());

  /** With activations in F32. */
  public DeviceOptions(OptionalInt threads, OptionalInt vectorBits) {
    this(threads, vectorBits, DType.F32);
  }
}
