package org.drag4j.device;

/** A device has not enough memory; the message says asked, free and what would help. */
public final class DeviceMemoryException extends DeviceException {
  private static final long serialVersionUID = 1L;

  public DeviceMemoryException(String message) {
    super(message);
  }

  /** With the failure underneath. */
  public DeviceMemoryException(String message, Throwable cause) {
    super(message, cause);
  }
}
