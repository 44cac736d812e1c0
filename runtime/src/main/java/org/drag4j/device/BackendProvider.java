package org.drag4j.device;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/** Finds and opens the devices of one kind; discovered with {@link java.util.ServiceLoader}. */
public interface BackendProvider {
  /** Kind of device: {@code cpu}, {@code opencl}, {@code cuda}. */
  String name();

  /** Every device of this kind, usable or not; never throws. */
  List<Probe> probe();

  /**
   * What else may help who looks for a fault, by name: versions, extensions, files of libraries.
   *
   * @param device one that probed as available
   * @throws DeviceException where the driver fails
   */
  default SequencedMap<String, String> details(String device) {
    return new LinkedHashMap<>();
  }

  /**
   * All that the speed of a device's kernels depends on beside what they compute: the device, its
   * driver, threads, the kernels themselves. Empty where there is no choice between kernels.
   *
   * @param device one that probed as available
   */
  default Optional<String> tuningKey(String device, DeviceOptions options) {
    return Optional.empty();
  }

  /**
   * Tells that a device is about to be opened, so that what takes its time can be done meanwhile in
   * the background. A device need not be prepared, nor opened afterwards; what is wrong with the
   * options is for {@link #open} to say.
   */
  default void prepare(DeviceOptions options) {}

  /**
   * Opens a device that probed as available.
   *
   * @throws DeviceException where it cannot be opened
   */
  Backend open(String device, DeviceOptions options);
}
