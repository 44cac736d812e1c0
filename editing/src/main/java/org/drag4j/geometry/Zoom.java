package org.drag4j.geometry;

import java.util.List;

/**
 * How much a picture is enlarged for a model so that small moves are near whole latent cells: what
 * is copied moves by whole ones.
 */
public final class Zoom {
  private static final List<Double> CHOICES = List.of(1.0, 1.25, 1.5, 2.0);

  /** A move of fewer pixels of the picture is small. */
  private static final double SMALL = 16;

  /** Pixels of the picture that a larger choice may be farther from whole cells than the best. */
  private static final double TOLERANCE = 1;

  private Zoom() {}

  /**
   * The largest choice at which the small moves of a drawing are about as near to whole cells as at
   * any; 1 where there are none, or where all are nearest to no cell at all, so that nothing is
   * copied elsewhere.
   *
   * @param longest side of what the model sees, in pixels
   * @param factor pixels to a latent cell
   */
  public static double of(Drawing drawing, int longest, int factor, Border border) {
    double chosen = 1;
    double least = Double.POSITIVE_INFINITY;
    for (double zoom : CHOICES) {
      var off = Off.NONE;
      for (var window : drawing.windows(longest, zoom, factor)) {
        var task = new Task(window.drawing(), window.frame(), border, Pairing.NEAREST);
        off = off.and(off(task, factor));
      }
      if (zoom == 1 && !off.copies()) {
        return 1;
      }
      if (off.pixels() <= least + TOLERANCE) {
        chosen = zoom;
      }
      least = Math.min(least, off.pixels());
    }
    return chosen;
  }

  /**
   * How small moves lie to the cells.
   *
   * @param pixels the farthest that one is from whole cells, in pixels of the picture
   * @param copies whether one is nearest to at least a cell
   */
  private record Off(double pixels, boolean copies) {
    static final Off NONE = new Off(0, false);

    Off and(Off other) {
      return new Off(Math.max(pixels, other.pixels), copies || other.copies);
    }
  }

  private static Off off(Task task, int factor) {
    var off = Off.NONE;
    for (var arrow : task.arrows()) {
      double cellX = factor / task.view().scaleX();
      double cellY = factor / task.view().scaleY();
      double x = (arrow.to().x() - arrow.from().x()) / task.view().scaleX();
      double y = (arrow.to().y() - arrow.from().y()) / task.view().scaleY();
      if (Math.hypot(x, y) < SMALL) {
        double right = Math.rint(x / cellX);
        double down = Math.rint(y / cellY);
        double pixels = Math.hypot(x - right * cellX, y - down * cellY);
        off = off.and(new Off(pixels, right != 0 || down != 0));
      }
    }
    return off;
  }
}
