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
   * Facts for a bug report, by name: versions, extensions, library files.
   *
   * @param device one that probed as available
   * @throws DeviceException where the driver fails
   */
  default SequencedMap<String, String> details(String device) {
    return new LinkedHashMap<>();
  }

  /**
   * Everything but operation and shapes that the speed of a device's kernels depends on: the
   * device, its driver, threads, the kernels' code. Empty on a device without a choice of kernels.
   *
   * @param device one that probed as available
   */
  default Optional<String> tuningKey(String device, DeviceOptions options) {
    return Optional.empty();
  }

  /**
   * Announces that a device is about to be opened, so that slow preparations can begin in the
   * background. A device need not be prepared, nor opened afterwards; wrong options are reported by
   * {@link #open}.
   */
  default void prepare(DeviceOptions options) {}

  /**
   * Opens a device that probed as available.
   *
   * @throws DeviceException where it cannot be opened
   */
  Backend open(String device, DeviceOptions options);
}
