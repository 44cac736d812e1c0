package org.drag4j.tensor;

/** A checkpoint is damaged or does not fit the network it is loaded into. */
public final class WeightMismatchException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** {@code message} reads <em>where: expected X, got Y; what to do</em>. */
  public WeightMismatchException(String message) {
    super(message);
  }
}
