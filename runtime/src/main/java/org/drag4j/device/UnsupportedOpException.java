package org.drag4j.device;

/** A device has no kernel for some nodes of a graph; the message lists all of them. */
public final class UnsupportedOpException extends DeviceException {
  private static final long serialVersionUID = 1L;

  public UnsupportedOpException(String message) {
    super(message);
  }
}
