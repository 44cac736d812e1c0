package org.drag4j.device;

import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.drag4j.tensor.DType;

/**
 * How to open a device.
 *
 * @param threads worker threads; absent: as many as there are processors
 * @param vectorBits width of vectors on a CPU (0, 128, 256, 512); absent: the processor's
 * @param activations how a device stores what goes from one kernel to the next: F32, or F16 where
 *     it can
 * @param providers forced provider by operation label: {@code conv2d -> cudnn}
 */
public record DeviceOptions(
    OptionalInt threads, OptionalInt vectorBits, DType activations, Map<String, String> providers) {
  public static final DeviceOptions DEFAULT =
      new DeviceOptions(OptionalInt.empty(), OptionalInt.empty());

  public DeviceOptions {
    providers = Map.copyOf(providers);
  }

  /** With every provider left to the device. */
  public DeviceOptions(OptionalInt threads, OptionalInt vectorBits, DType activations) {
    this(threads, vectorBits, activations, Map.of());
  }

  /** With activations in F32. */
  public DeviceOptions(OptionalInt threads, OptionalInt vectorBits) {
    this(threads, vectorBits, DType.F32);
  }

  /**
   * For a device that has nothing but kernels of its own.
   *
   * @throws DeviceException where a provider is forced
   */
  public void refuseProviders(String device) {
    if (!providers.isEmpty()) {
      throw new DeviceException(
          device
              + ": --provider: expected none, since this device has only kernels of its own, got "
              + new TreeMap<>(providers)
              + "; leave it out");
    }
  }
}
