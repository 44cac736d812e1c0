package org.drag4j.geometry;

import java.util.Optional;

/**
 * A region as it is drawn, with what of it lies outside the image. That may be far more than the
 * image, so it is looked at in strips of whole latent cells.
 */
final class Drawn {
  private static final int CELL = RegionMask.CELL;

  /** Pixels of a strip. */
  private static final long STRIP = 1 << 26;

  private static final long MAX_PIXELS = 1 << 30;

  /** Pixels of a region that is rasterised in one piece. */
  private static final long MAX_RASTER = 1 << 27;

  private final Region region;
  private final int left;
  private final int top;
  private final int width;
  private final int height;

  private Drawn(Region region, Extent extent) {
    this.region = region;
    left = Math.floorDiv(extent.left(), CELL) * CELL;
    top = Math.floorDiv(extent.top(), CELL) * CELL;
    width = Math.ceilDiv(extent.right() - left, CELL) * CELL;
    height = Math.ceilDiv(extent.bottom() - top, CELL) * CELL;
    requireAtMost(MAX_PIXELS);
  }

  private void requireAtMost(long most) {
    if ((long) width * height > most) {
      throw new IllegalArgumentException(
          "region: expected at most %d pixels with those outside the picture, got %dx%d; draw it nearer to the picture"
              .formatted(most, width, height));
    }
  }

  /**
   * The smallest rectangle of the plane that holds a region, in pixels of the image.
   *
   * @param right past the last column; likewise {@code bottom}
   */
  record Extent(int left, int top, int right, int bottom) {}

  /** The part of the plane that holds a region. */
  static Extent extent(Region region) {
    return switch (region) {
      case Polygon polygon -> polygon.extent();
      case Strokes strokes -> strokes.extent();
      case RegionMask mask -> new Extent(0, 0, mask.width(), mask.height());
    };
  }

  /**
   * A region of which an image of this size shows a part; empty where it shows all.
   *
   * @throws IllegalArgumentException if it is larger than a thousand million pixels
   */
  static Optional<Drawn> hanging(Region region, int width, int height) {
    var extent = extent(region);
    boolean shown =
        extent.left() >= 0
            && extent.top() >= 0
            && extent.right() <= width
            && extent.bottom() <= height;
    return shown ? Optional.empty() : Optional.of(new Drawn(region, extent));
  }

  /**
   * Its columns.
   *
   * @param cell side of what is counted, in pixels: 1, or that of a latent cell
   * @throws IllegalArgumentException if it covers no cell
   */
  Columns columns(int cell) {
    var columns = new Columns(left / cell, width / cell);
    for (int y = 0; y < height; y += rows()) {
      columns.down(strip(y, cell), (top + y) / cell);
    }
    for (int y = (height - 1) / rows() * rows(); y >= 0; y -= rows()) {
      columns.up(strip(y, cell), (top + y) / cell);
    }
    if (columns.isEmpty()) {
      throw RegionMask.coversNoCell();
    }
    return columns;
  }

  /**
   * Refuses what is too large to be rasterised in one piece.
   *
   * @throws IllegalArgumentException if it is larger than a hundred million pixels
   */
  void requireRaster() {
    requireAtMost(MAX_RASTER);
  }

  /**
   * All of it in one piece, whose first pixel is at {@link #left()} and {@link #top()}.
   *
   * @param cell side of what is counted, in pixels: 1, or that of a latent cell
   * @throws IllegalArgumentException if it is larger than a hundred million pixels
   */
  RegionMask raster(int cell) {
    requireRaster();
    return part(0, height, cell);
  }

  /** The column of its first pixel, a whole number of latent cells. */
  int left() {
    return left;
  }

  /** The row of its first pixel, a whole number of latent cells. */
  int top() {
    return top;
  }

  /** The mean position of its pixels. */
  Point middle() {
    double x = 0;
    double y = 0;
    long count = 0;
    for (int from = 0; from < height; from += rows()) {
      var strip = strip(from, 1);
      int pixels = strip.count();
      if (pixels > 0) {
        var middle = strip.middle();
        x += pixels * (left + middle.x());
        y += pixels * (top + from + middle.y());
        count += pixels;
      }
    }
    return new Point(x / count, y / count);
  }

  private int rows() {
    return (int) Math.max(CELL, STRIP / width / CELL * CELL);
  }

  private RegionMask strip(int y, int cell) {
    return part(y, Math.min(rows(), height - y), cell);
  }

  private RegionMask part(int y, int rows, int cell) {
    var pixels =
        switch (region) {
          case Polygon polygon -> polygon.part(left, top + y, width, rows);
          case Strokes strokes -> strokes.part(left, top + y, width, rows);
          case RegionMask mask -> mask;
        };
    return cell == 1 ? pixels : pixels.toCells();
  }
}
