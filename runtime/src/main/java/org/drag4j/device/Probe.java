package org.drag4j.device;

/** Whether a device can be used, and if not, why. */
public sealed interface Probe {
  /** Name by which the device is asked for: {@code cpu}, {@code opencl:0}. */
  String device();

  /** Usable; {@code info} has a line about the device, and one about each library it works with. */
  record Available(String device, String info) implements Probe {}

  /** Not usable: the reason, and what would help. */
  record Unavailable(String device, String reason, String hint) implements Probe {}
}
