package org.drag4j.weights;

/** A safetensors file, or the index of a sharded one, is damaged or not one that can be read. */
public final class SafetensorsException extends ModelException {
  private static final long serialVersionUID = 1L;

  /** {@code message} reads <em>file: tensor or offset: expected X, got Y; what to do</em>. */
  public SafetensorsException(String message) {
    super(message);
  }
}
