package org.drag4j.kernels.opencl;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.graph.Value;

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
    return open(op, options, own).stream().findFirst();
  }

  /** Those that the options leave open, the device's own first. */
  static List<Variant> open(String op, KernelOptions options, Variant own) {
    return Stream.of(own, own == PANEL ? TILE : PANEL)
        .filter(v -> options.allows(op, v.label()))
        .toList();
  }

  /** The fastest by what was measured, else the first. */
  static Optional<Kernel> chosen(
      Value node, KernelOptions options, SequencedMap<String, Kernel> candidates) {
    return options.fastest(node, candidates).or(() -> candidates.values().stream().findFirst());
  }
}
