package org.drag4j.geometry;

import java.util.List;

/**
 * A window of a picture shown as an image of another size, with a grid of latent cells over it: how
 * positions in the picture become positions in what a model sees.
 *
 * @param x left edge of the window, in pixels of the picture; likewise {@code y}
 * @param windowWidth its width in pixels of the picture; likewise {@code windowHeight}
 * @param width of the image that shows it; likewise {@code height}
 * @param columns of cells; likewise {@code rows}
 */
public record View(
    int x, int y, int windowWidth, int windowHeight, int width, int height, int columns, int rows) {
  public View {
    if (x < 0 || y < 0 || columns < 1 || rows < 1 || columns > width || rows > height) {
      throw new IllegalArgumentException(
          "view: expected a window inside a picture and a cell at least, got (%d, %d) and %dx%d cells; choose another size"
              .formatted(x, y, columns, rows));
    }
    RegionMask.requireSize(windowWidth, windowHeight);
    RegionMask.requireSize(width, height);
  }

  /** A whole picture at its own size; what is left over at the right and below has no cell. */
  public static View whole(int width, int height) {
    return whole(width, height, width, height);
  }

  /** A whole picture at another size. */
  public static View whole(int pictureWidth, int pictureHeight, int width, int height) {
    return new View(
        0,
        0,
        pictureWidth,
        pictureHeight,
        width,
        height,
        Math.max(1, width / RegionMask.CELL),
        Math.max(1, height / RegionMask.CELL));
  }

  /** The same window and the same cells at the picture's own size. */
  public View original() {
    return new View(x, y, windowWidth, windowHeight, windowWidth, windowHeight, columns, rows);
  }

  /** Pixels of the image to a pixel of the picture, along x. */
  public double scaleX() {
    return (double) width / windowWidth;
  }

  /** Pixels of the image to a pixel of the picture, along y. */
  public double scaleY() {
    return (double) height / windowHeight;
  }

  /** A position of the picture in this image; what is too far outside is as near as can be. */
  public Point of(Point p) {
    return new Point(near((p.x() - x) * scaleX()), near((p.y() - y) * scaleY()));
  }

  private static double near(double coordinate) {
    return Math.clamp(coordinate, -Point.MAX_COORDINATE, Point.MAX_COORDINATE);
  }

  /** An outline of the picture in this image. */
  public Polygon of(Polygon outline) {
    return new Polygon(outline.vertices().stream().map(this::of).toList());
  }

  /** An arrow of the picture in this image. */
  public Arrow of(Arrow arrow) {
    return new Arrow(of(arrow.from()), of(arrow.to()));
  }

  /** The cells {@code y * columns + x} that hold these positions; those outside are left out. */
  public int[] cells(List<Point> positions) {
    return positions.stream()
        .filter(p -> p.x() >= 0 && p.y() >= 0 && p.x() < width && p.y() < height)
        .mapToInt(p -> row(p.y()) * columns + column(p.x()))
        .toArray();
  }

  /** The first pixel column of a column of cells; that of the one behind the last is the width. */
  int left(int column) {
    return (int) ((long) column * width / columns);
  }

  /** The first pixel row of a row of cells. */
  int top(int row) {
    return (int) ((long) row * height / rows);
  }

  /** The column of cells that holds a position; outside the image it goes on counting. */
  int column(double position) {
    return (int) Math.floor(position * columns / width);
  }

  /** The row of cells that holds a position. */
  int row(double position) {
    return (int) Math.floor(position * rows / height);
  }
}
