package org.drag4j.verify;

/** A folder of recordings is damaged or cannot be understood; the message is one line. */
public final class ParityException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** {@code message} reads <em>where: expected X, got Y; what to do</em>. */
  public ParityException(String message) {
    super(message);
  }

  /** With the failure underneath. */
  public ParityException(String message, Throwable cause) {
    super(message, cause);
  }
}
