package org.drag4j.device;

/** A device is missing, cannot do what is asked, or failed. */
public class DeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** {@code message} reads <em>where: expected X, got Y; what to do</em>. */
  public DeviceException(String message) {
    super(message);
  }

  /** With the failure underneath. */
  public DeviceException(String message, Throwable cause) {
    super(message, cause);
  }
}
