package org.drag4j.kernels.opencl;

import java.util.List;
import java.util.Locale;

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

  /** This one, then the other. */
  List<Variant> both() {
    return List.of(this, this == PANEL ? TILE : PANEL);
  }
}
