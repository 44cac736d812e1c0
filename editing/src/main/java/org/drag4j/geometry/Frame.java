package org.drag4j.geometry;

/**
 * The part of a picture a model is shown, and at which size: all of it, or, in a picture larger
 * than the model can take, a window around what may change.
 *
 * @param working the window as the model sees it; its sides are whole cells
 * @param whole whether the window is the whole picture
 */
public record Frame(View working, boolean whole) {
  /** Of the longer side of what may change, how much is shown around it on each side. */
  private static final double CONTEXT = 0.25;

  /** The whole picture at a size. */
  public static Frame whole(int pictureWidth, int pictureHeight, WorkingSize size) {
    return new Frame(
        View.whole(pictureWidth, pictureHeight, size.width(), size.height()), /* whole= */ true);
  }

  /**
   * A window around what may change: where that fits, of the model's own size and at the picture's
   * own resolution; else as large as needed and reduced.
   *
   * @param longest the model's own side, in pixels
   * @param factor pixels to a latent cell
   */
  public static Frame around(RegionMask change, int longest, int factor) {
    int width = change.width();
    int height = change.height();
    int[] bounds = change.bounds();
    int extent = Math.max(bounds[2] - bounds[0], bounds[3] - bounds[1]);
    long side = Math.max(longest, Math.round(extent * (1 + 2 * CONTEXT)));
    int windowWidth = side(side, width, bounds[2] - bounds[0], factor);
    int windowHeight = side(side, height, bounds[3] - bounds[1], factor);
    if (windowWidth == width && windowHeight == height) {
      return whole(width, height, WorkingSize.of(width, height, longest, factor));
    }
    var size = WorkingSize.of(windowWidth, windowHeight, longest, factor);
    var view =
        new View(
            first(bounds[0], bounds[2], windowWidth, width),
            first(bounds[1], bounds[3], windowHeight, height),
            windowWidth,
            windowHeight,
            size.width(),
            size.height(),
            size.width() / factor,
            size.height() / factor);
    return new Frame(view, /* whole= */ false);
  }

  /** Whole cells where the picture is narrower than the window and that loses nothing. */
  private static int side(long wanted, int picture, int needed, int factor) {
    if (wanted <= picture) {
      return (int) wanted;
    }
    int cut = picture / factor * factor;
    return cut >= needed && cut > 0 ? cut : picture;
  }

  /** Where a window begins that has its subject in the middle and stays in the picture. */
  private static int first(int low, int high, int window, int picture) {
    return Math.clamp((low + high - window) / 2, 0, picture - window);
  }

  /** The size the model sees. */
  public WorkingSize size() {
    return new WorkingSize(working.width(), working.height());
  }

  /**
   * Pixels of the picture to one the model sees, along the axis where they are more; below 1 where
   * the picture is enlarged.
   */
  public double reduction() {
    return Math.max(1 / working.scaleX(), 1 / working.scaleY());
  }
}
