package org.drag4j.geometry;

import java.util.BitSet;
import java.util.List;

/**
 * What a round brush paints: every pixel whose centre is within the radius of a line, and every
 * pixel a point of a line lies in.
 *
 * @param lines each the points the brush went through; one point is a dot
 * @param radiusX of the brush along x, above 0; likewise {@code radiusY}
 */
public record Strokes(List<List<Point>> lines, double radiusX, double radiusY) implements Region {
  /** Most points of all lines together. */
  public static final int MAX_POINTS = 4096;

  public Strokes {
    lines = lines.stream().map(List::copyOf).toList();
    int points = lines.stream().mapToInt(List::size).sum();
    if (points > MAX_POINTS || lines.isEmpty() || lines.stream().anyMatch(List::isEmpty)) {
      throw new IllegalArgumentException(
          "brush: expected strokes of a point or more and at most "
              + MAX_POINTS
              + " points in all, got "
              + lines.size()
              + " strokes of "
              + points
              + " points; correct the strokes");
    }
    if (!(radiusX > 0 && radiusY > 0 && Math.max(radiusX, radiusY) <= Point.MAX_COORDINATE)) {
      throw new IllegalArgumentException(
          "brush: expected a radius above 0, got " + radiusX + " and " + radiusY + "; enlarge it");
    }
  }

  @Override
  public RegionMask rasterise(int width, int height) {
    return part(0, 0, width, height).requireShown("brush");
  }

  /** What a part of the plane shows, which may lie outside the image; possibly nothing. */
  RegionMask part(int left, int top, int width, int height) {
    RegionMask.requireSize(width, height);
    BitSet bits = new BitSet(width * height);
    for (List<Point> line : lines) {
      for (int i = 0; i < line.size(); i++) {
        var a = line.get(Math.max(i - 1, 0));
        var b = line.get(i);
        paint(bits, left, top, width, height, a, b);
        int x = (int) Math.floor(b.x()) - left;
        int y = (int) Math.floor(b.y()) - top;
        if (x >= 0 && y >= 0 && x < width && y < height) {
          bits.set(y * width + x);
        }
      }
    }
    return new RegionMask(width, height, bits);
  }

  /** The part of the plane that holds every pixel. */
  Drawn.Extent extent() {
    double left = Double.POSITIVE_INFINITY;
    double top = Double.POSITIVE_INFINITY;
    double right = Double.NEGATIVE_INFINITY;
    double bottom = Double.NEGATIVE_INFINITY;
    for (List<Point> line : lines) {
      for (Point p : line) {
        // A pixel is painted where its centre is near enough, and where a point lies in it.
        left = Math.min(left, Math.min(Math.floor(p.x()), Math.ceil(p.x() - radiusX - 0.5)));
        top = Math.min(top, Math.min(Math.floor(p.y()), Math.ceil(p.y() - radiusY - 0.5)));
        right = Math.max(right, Math.max(Math.floor(p.x()), Math.floor(p.x() + radiusX - 0.5)));
        bottom = Math.max(bottom, Math.max(Math.floor(p.y()), Math.floor(p.y() + radiusY - 0.5)));
      }
    }
    return new Drawn.Extent((int) left, (int) top, (int) right + 1, (int) bottom + 1);
  }

  /**
   * One straight piece. Measured in radii it is the convex hull of two unit circles, so a row of
   * pixels meets it in one interval: from the leftmost to the rightmost of what the row meets of
   * the two discs and of the band between them.
   */
  private void paint(
      BitSet bits, int left, int above, int width, int height, Point from, Point to) {
    double ax = from.x() / radiusX;
    double ay = from.y() / radiusY;
    double bx = to.x() / radiusX;
    double by = to.y() / radiusY;
    double length = Math.hypot(bx - ax, by - ay);
    double normalX = length == 0 ? 0 : (by - ay) / length;
    double normalY = length == 0 ? 0 : (ax - bx) / length;
    int top = (int) Math.max(above, Math.ceil((Math.min(ay, by) - 1) * radiusY - 0.5));
    int bottom =
        (int) Math.min(above + height - 1.0, Math.floor((Math.max(ay, by) + 1) * radiusY - 0.5));
    for (int row = top; row <= bottom; row++) {
      double y = (row + 0.5) / radiusY;
      var span = new Span();
      span.disc(ax, ay, y);
      span.disc(bx, by, y);
      for (int side = -1; side <= 1; side += 2) {
        double x0 = ax + side * normalX;
        double y0 = ay + side * normalY;
        double y1 = by + side * normalY;
        if (y0 != y1 && (y - y0) * (y - y1) <= 0) {
          span.add(x0 + (bx - ax) * (y - y0) / (y1 - y0));
        }
      }
      int first = (int) Math.max(left, Math.ceil(span.low * radiusX - 0.5)) - left;
      int last = (int) Math.min(left + width - 1.0, Math.floor(span.high * radiusX - 0.5)) - left;
      if (first <= last) {
        int begin = (row - above) * width;
        bits.set(begin + first, begin + last + 1);
      }
    }
  }

  /** The part of a row that is painted. */
  private static final class Span {
    double low = Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;

    void add(double x) {
      low = Math.min(low, x);
      high = Math.max(high, x);
    }

    void disc(double x, double y, double row) {
      double square = 1 - (row - y) * (row - y);
      if (square >= 0) {
        add(x - Math.sqrt(square));
        add(x + Math.sqrt(square));
      }
    }
  }
}
