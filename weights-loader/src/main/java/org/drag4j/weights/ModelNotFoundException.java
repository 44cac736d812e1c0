package org.drag4j.weights;

/** A folder or file that a model needs is not there. */
public final class ModelNotFoundException extends ModelException {
  private static final long serialVersionUID = 1L;

  /** {@code message} reads <em>where: expected X, got Y; what to do</em>. */
  public ModelNotFoundException(String message) {
    super(message);
  }
}
