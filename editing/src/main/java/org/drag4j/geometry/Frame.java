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

  /** A window's place, and the length of one that is reduced, come in steps of this part of it. */
  private static final int STEPS = 8;

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
    int[] bounds = change.bounds();
    return around(
        bounds, change.width(), change.height(), side(bounds, longest), longest, 1, 1, factor);
  }

  /**
   * As {@link #around(RegionMask, int, int)}, but seen enlarged where that fits, and the same for
   * changes that differ by little.
   *
   * @param zoom pixels the model sees to one of the picture, at most
   */
  static Frame fitted(RegionMask change, int longest, double zoom, int factor) {
    int[] bounds = change.bounds();
    long side = side(bounds, (int) Math.round(longest / zoom));
    if (side > longest / zoom) {
      long step = Math.max(1, Long.highestOneBit(side) / STEPS);
      side = Math.ceilDiv(side, step) * step;
    }
    return around(
        bounds,
        change.width(),
        change.height(),
        side,
        longest,
        zoom,
        (int) Math.max(1, side / STEPS),
        factor);
  }

  private static Frame around(
      int[] bounds,
      int width,
      int height,
      long side,
      int longest,
      double zoom,
      int step,
      int factor) {
    int windowWidth = side(side, width, bounds[2] - bounds[0], factor);
    int windowHeight = side(side, height, bounds[3] - bounds[1], factor);
    int seen = (int) Math.min(longest, Math.round(Math.max(windowWidth, windowHeight) * zoom));
    var size = WorkingSize.scaled(windowWidth, windowHeight, seen, factor);
    if (windowWidth == width && windowHeight == height) {
      return whole(width, height, size);
    }
    var view =
        new View(
            first(bounds[0], bounds[2], windowWidth, width, step),
            first(bounds[1], bounds[3], windowHeight, height, step),
            windowWidth,
            windowHeight,
            size.width(),
            size.height(),
            size.width() / factor,
            size.height() / factor);
    return new Frame(view, /* whole= */ false);
  }

  /**
   * The longer side of a window around what may change, in pixels of the picture.
   *
   * @param bounds of what may change, as {@link RegionMask#bounds}
   * @param least it can be
   */
  static long side(int[] bounds, int least) {
    int extent = Math.max(bounds[2] - bounds[0], bounds[3] - bounds[1]);
    return Math.max(least, Math.round(extent * (1 + 2 * CONTEXT)));
  }

  /** Whole cells where the picture is narrower than the window and that loses nothing. */
  private static int side(long wanted, int picture, int needed, int factor) {
    if (wanted <= picture) {
      return (int) wanted;
    }
    int cut = picture / factor * factor;
    return cut >= needed && cut > 0 ? cut : picture;
  }

  /**
   * Where a window begins that has its subject in the middle, within half a step, and stays in the
   * picture.
   */
  private static int first(int low, int high, int window, int picture, int step) {
    int middle = (low + high - window) / 2;
    int at = (int) (Math.round((double) middle / step) * step);
    return Math.clamp(at, 0, picture - window);
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
