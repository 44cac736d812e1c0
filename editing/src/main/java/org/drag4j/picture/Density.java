package org.drag4j.picture;

/**
 * How densely the pixels of a picture are printed.
 *
 * @param x pixels along a row to the unit; likewise {@code y} along a column
 * @param metres whether the unit is a metre; else only the ratio means something
 */
public record Density(long x, long y, boolean metres) {
  private static final double INCH = 0.0254;
  private static final long MOST = Integer.MAX_VALUE;

  /** Whether it says something that a file can hold. */
  boolean isKnown() {
    return x > 0 && y > 0 && x <= MOST && y <= MOST && (metres || x != y);
  }

  static Density ofInches(double x, double y) {
    return new Density(Math.round(x / INCH), Math.round(y / INCH), true);
  }

  static Density ofCentimetres(double x, double y) {
    return new Density(Math.round(x * 100), Math.round(y * 100), true);
  }

  /** That of the picture lying on its side. */
  Density turned() {
    return new Density(y, x, metres);
  }
}
