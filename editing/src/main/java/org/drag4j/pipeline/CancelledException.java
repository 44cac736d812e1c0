package org.drag4j.pipeline;

/** The user stopped the work between two steps. */
public final class CancelledException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public CancelledException() {
    super("stopped");
  }
}
