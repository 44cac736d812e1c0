package org.drag4j.picture;

/** Which pixels of a picture are meant. */
public interface PixelMask {
  /** Pixels per row. */
  int width();

  /** Rows. */
  int height();

  /** Whether the pixel is set; false outside the picture. */
  boolean get(int x, int y);

  /** The index {@code y * width + x} of the first set pixel from {@code from} on; -1 at the end. */
  int next(int from);

  /**
   * How far each set pixel lies inside: steps to the nearest pixel that is not set, at most {@code
   * most}; a diagonal step counts 4/3. What lies beyond the picture is no border.
   *
   * @return {@code [height, width]}, 0 where not set
   */
  float[] depth(int most);
}
