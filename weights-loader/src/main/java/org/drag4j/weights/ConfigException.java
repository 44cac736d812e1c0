package org.drag4j.weights;

/** A text file of a model (configuration, vocabulary) is damaged or says what is not supported. */
public final class ConfigException extends ModelException {
  private static final long serialVersionUID = 1L;

  /** {@code message} reads <em>file: key: expected X, got Y; what to do</em>. */
  public ConfigException(String message) {
    super(message);
  }
}
