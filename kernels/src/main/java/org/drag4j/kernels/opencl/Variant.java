package org.drag4j.kernels.opencl;

import java.util.Locale;
import java.util.Optional;
import org.drag4j.device.KernelOptions;

/** The two ways kernels are written. */
enum Variant {
  /** A work-item does a long run in vectors of 16, without barriers: for processors. */
  PANEL(16),
  /** Neighbouring work-items take neighbouring elements, groups share local memory: for GPUs. */
  TILE(1);

  private final int width;

  Variant(int width) {
    this.width = width;
  }

  /** Elements of a vector. */
  int width() {
    return width;
  }

  /** As kernel names and options spell it. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The one the options ask for, or else the device's own; empty where they ask for neither. */
  static Optional<Variant> select(String op, KernelOptions options, Variant own) {
    if (options.allows(op, own.label())) {
      return Optional.of(own);
    }
    var other = own == PANEL ? TILE : PANEL;
    return options.allows(op, other.label()) ? Optional.of(other) : Optional.empty();
  }
}
