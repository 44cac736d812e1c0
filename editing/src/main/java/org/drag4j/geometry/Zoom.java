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
   * @param border what becomes of regions that hang over the picture's border
   */
  public static double of(Drawing drawing, int longest, int factor, Border border) {
    double chosen = 1;
    double least = Double.POSITIVE_INFINITY;
    for (double zoom : CHOICES) {
      double off = 0;
      boolean copies = false;
      for (var window : drawing.windows(longest, zoom, factor, border)) {
        var view = window.frame().working();
        double cellX = factor / view.scaleX();
        double cellY = factor / view.scaleY();
        for (var move : smallMoves(window.drawing(), border)) {
          double right = Math.rint(move.x() / cellX);
          double down = Math.rint(move.y() / cellY);
          off = Math.max(off, Math.hypot(move.x() - right * cellX, move.y() - down * cellY));
          copies |= right != 0 || down != 0;
        }
      }
      if (zoom == 1 && !copies) {
        return 1;
      }
      if (off <= least + TOLERANCE) {
        chosen = zoom;
      }
      least = Math.min(least, off);
    }
    return chosen;
  }

  /** Whether a move of a drawing is small. */
  static boolean hasSmallMoves(Drawing drawing, Border border) {
    return !smallMoves(drawing, border).isEmpty();
  }

  /** How far small moves go, in pixels of the picture. */
  private static List<Point> smallMoves(Drawing drawing, Border border) {
    var view = View.whole(drawing.width(), drawing.height());
    return new Task(drawing, new Frame(view, /* whole= */ true), border, Pairing.NEAREST)
        .arrows().stream()
            .map(arrow ->
                new Point(arrow.to().x() - arrow.from().x(), arrow.to().y() - arrow.from().y()))
            .filter(move -> Math.hypot(move.x(), move.y()) < SMALL)
            .toList();
  }
}
