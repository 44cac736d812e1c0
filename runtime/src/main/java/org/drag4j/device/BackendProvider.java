package org.drag4j.device;

import java.util.List;

/** Finds and opens the devices of one kind; discovered with {@link java.util.ServiceLoader}. */
public interface BackendProvider {
  /** Kind of device: {@code cpu}, {@code opencl}, {@code cuda}. */
  String name();

  /** Every device of this kind, usable or not; never throws. */
  List<Probe> probe();

  /**
   * Opens a device that probed as available.
   *
   * @throws DeviceException where it cannot be opened
   */
  Backend open(String device, DeviceOptions options);
}
