package org.drag4j.geometry;

import java.util.BitSet;

/**
 * A handle moved in one piece: every pixel or cell takes what its centre comes from, where that
 * belongs to the handle. Whatever the image's size, the move is one of the picture.
 *
 * @param handle as it is drawn, or what the image shows of it
 * @param move of positions of the picture
 * @param view whose image holds handle and target
 */
record MoveMapping(Region handle, Similarity move, View view) implements RegionMapping {
  /** A centre that falls between two pixels belongs to the later one, whatever its last bits. */
  private static final double TIE = 1e-6;

  /**
   * Checks that the handle can be rasterised.
   *
   * @throws IllegalArgumentException if it is far larger than the image
   */
  MoveMapping {
    Drawn.hanging(handle, view.width(), view.height()).ifPresent(Drawn::requireRaster);
  }

  @Override
  public Mapping pixels(int width, int height) {
    return map(1);
  }

  @Override
  public Mapping cells(int width, int height) {
    return map(RegionMask.CELL);
  }

  private Mapping map(int side) {
    var pairs = new Mapping.Builder(0);
    each(side, pairs::add);
    return pairs.build();
  }

  /** The pixels to which something goes; possibly none. */
  RegionMask targets() {
    var bits = new BitSet(view.width() * view.height());
    each(1, (_, _, x, y) -> bits.set(y * view.width() + x));
    return new RegionMask(view.width(), view.height(), bits);
  }

  /** Whether the target is farther outside the image than a pixel. */
  boolean leaves() {
    int[] bounds = targetBounds(Source.of(handle, view, 1), 1);
    return bounds[0] == bounds[2] || bounds[1] == bounds[3];
  }

  /** Where the content of a pixel of the image goes, also outside; as near as can be. */
  Point moved(Point pixel) {
    double x = pictureX(pixel.x() + 0.5);
    double y = pictureY(pixel.y() + 0.5);
    return new Point(
        near((move.targetX(x, y) - view.x()) * view.scaleX() - 0.5),
        near((move.targetY(x, y) - view.y()) * view.scaleY() - 0.5));
  }

  private static double near(double coordinate) {
    return Math.clamp(coordinate, -Point.MAX_COORDINATE, Point.MAX_COORDINATE);
  }

  private double pictureX(double x) {
    return view.x() + x / view.scaleX();
  }

  private double pictureY(double y) {
    return view.y() + y / view.scaleY();
  }

  /** One pair: columns and rows of source and target. */
  private interface Pairs {
    void add(int sourceX, int sourceY, int targetX, int targetY);
  }

  private void each(int side, Pairs pairs) {
    var source = Source.of(handle, view, side);
    int[] bounds = targetBounds(source, side);
    for (int y = bounds[1]; y < bounds[3]; y++) {
      double py = pictureY((y + 0.5) * side);
      for (int x = bounds[0]; x < bounds[2]; x++) {
        double px = pictureX((x + 0.5) * side);
        double fromX = (move.sourceX(px, py) - view.x()) * view.scaleX() / side;
        double fromY = (move.sourceY(px, py) - view.y()) * view.scaleY() / side;
        int column = (int) Math.floor(fromX + TIE);
        int row = (int) Math.floor(fromY + TIE);
        if (source.has(column, row)) {
          pairs.add(column, row, x, y);
        }
      }
    }
  }

  /** The part of the image outside which nothing goes: left, top, right and bottom. */
  private int[] targetBounds(Source source, int side) {
    int[] bounds = source.mask().bounds();
    double left = Double.POSITIVE_INFINITY;
    double top = Double.POSITIVE_INFINITY;
    double right = Double.NEGATIVE_INFINITY;
    double bottom = Double.NEGATIVE_INFINITY;
    for (int corner = 0; corner < 4; corner++) {
      double x = pictureX((source.left() + bounds[corner % 2 * 2]) * (double) side);
      double y = pictureY((source.top() + bounds[corner / 2 * 2 + 1]) * (double) side);
      double toX = (move.targetX(x, y) - view.x()) * view.scaleX() / side;
      double toY = (move.targetY(x, y) - view.y()) * view.scaleY() / side;
      left = Math.min(left, toX);
      top = Math.min(top, toY);
      right = Math.max(right, toX);
      bottom = Math.max(bottom, toY);
    }
    int columns = view.width() / side;
    int rows = view.height() / side;
    return new int[] {
      (int) Math.clamp(Math.floor(left) - 1, 0, columns),
      (int) Math.clamp(Math.floor(top) - 1, 0, rows),
      (int) Math.clamp(Math.ceil(right) + 1, 0, columns),
      (int) Math.clamp(Math.ceil(bottom) + 1, 0, rows)
    };
  }

  /** The handle's pixels or cells, with the place of the first of them. */
  private record Source(RegionMask mask, int left, int top) {
    static Source of(Region handle, View view, int side) {
      var hanging = Drawn.hanging(handle, view.width(), view.height());
      if (hanging.isPresent()) {
        var drawn = hanging.get();
        var mask = drawn.raster(side);
        if (mask.isEmpty()) {
          throw RegionMask.coversNoCell();
        }
        return new Source(mask, drawn.left() / side, drawn.top() / side);
      }
      return new Source(
          side == 1
              ? handle.rasterise(view.width(), view.height())
              : handle.rasteriseCells(view.width(), view.height()),
          0,
          0);
    }

    boolean has(int column, int row) {
      return mask.get(column - left, row - top);
    }
  }
}
