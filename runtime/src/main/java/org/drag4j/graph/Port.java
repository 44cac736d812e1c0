package org.drag4j.graph;

/** How a plan treats an input or output of its graph. */
public enum Port {
  /** The plan owns the tensor, in the graph's type; the host writes inputs and reads outputs. */
  OWNED,
  /**
   * A device tensor in the type of the device's activations, bound by the caller before the first
   * run; one plan's output can be another plan's input.
   */
  BOUND,
  /** As {@link #BOUND}; the tensor may be samples of a bank, other ones in every run. */
  BANK
}
