package org.drag4j.geometry;

/** A position in an image, in pixels from its top left corner; it may lie outside. */
public record Point(double x, double y) {
  /** Far outside any image and any window of it, near enough for exact arithmetic. */
  static final int MAX_COORDINATE = 1 << 18;

  public Point {
    if (!(Math.abs(x) <= MAX_COORDINATE && Math.abs(y) <= MAX_COORDINATE)) {
      throw new IllegalArgumentException(
          "point: expected coordinates of at most "
              + MAX_COORDINATE
              + " either way, got ("
              + x
              + ", "
              + y
              + "); correct the document");
    }
  }

  /** This point in an image scaled by the factors. */
  public Point scaled(double factorX, double factorY) {
    return new Point(x * factorX, y * factorY);
  }
}
