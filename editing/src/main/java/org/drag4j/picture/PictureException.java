package org.drag4j.picture;

/** A picture file is missing, damaged, too large or of no known format. */
public final class PictureException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Makes the message <em>where: expected X, got Y; what to do</em>. */
  public PictureException(Object where, String expected, String got, String remedy) {
    super(where + ": expected " + expected + ", got " + got + "; " + remedy);
  }
}
