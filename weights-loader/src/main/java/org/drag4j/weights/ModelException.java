package org.drag4j.weights;

/** A model is missing, damaged or not one that can be read; the message is one line. */
public abstract sealed class ModelException extends RuntimeException
    permits ConfigException, ModelNotFoundException, SafetensorsException {
  private static final long serialVersionUID = 1L;

  /** {@code message} reads <em>where: expected X, got Y; what to do</em>. */
  ModelException(String message) {
    super(message);
  }
}
