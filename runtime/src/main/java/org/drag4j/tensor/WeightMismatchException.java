package org.drag4j.tensor;

/** A checkpoint is damaged or does not fit the network it is loaded into. */
public final class WeightMismatchException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** {@code message} reads <em>where: expected X, got Y; what to do</em>. */
  public WeightMismatchException(String message) {
    super(message);
  }

  /** A tensor of a checkpoint is not what a network expects. */
  public static WeightMismatchException of(
      WeightSource source, String name, String expected, String got) {
    return new WeightMismatchException(
        source.origin()
            + ": "
            + name
            + ": expected "
            + expected
            + ", got "
            + got
            + "; check that config.json and weights belong together");
  }
}
