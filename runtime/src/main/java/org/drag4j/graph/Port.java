package org.drag4j.graph;

/** What an input or output of a graph is to a plan of it. */
public enum Port {
  /** The plan keeps room for it, of the graph's type: the host writes or reads it there. */
  OWNED,
  /**
   * A tensor of the device that the caller binds before the first run: it goes from one plan to
   * another, in the type in which the device keeps activations.
   */
  BOUND,
  /** As {@link #BOUND}, and may be samples of a bank, others in every run. */
  BANK
}
