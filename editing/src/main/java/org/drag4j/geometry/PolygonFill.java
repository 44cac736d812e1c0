package org.drag4j.geometry;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;

/**
 * Scan conversion of polygons with whole-pixel vertices, equal to OpenCV's {@code fillPoly}: the
 * outline as Bresenham lines, the inside by the even-odd rule in 16.16 fixed point.
 */
final class PolygonFill {
  private static final int FRACTION = 16;

  private final int width;
  private final int height;
  private final BitSet bits;

  private PolygonFill(int width, int height) {
    this.width = width;
    this.height = height;
    this.bits = new BitSet(width * height);
  }

  /**
   * The pixels of the polygon that lie in an image of the given size; possibly none.
   *
   * @param xs vertices, at most {@link Point#MAX_COORDINATE} either way
   * @param ys as many
   */
  static RegionMask fill(int[] xs, int[] ys, int width, int height) {
    RegionMask.requireSize(width, height);
    PolygonFill fill = new PolygonFill(width, height);
    for (int i = 0; i < xs.length; i++) {
      int j = i + 1 == xs.length ? 0 : i + 1;
      if (xs[i] <= xs[j]) {
        fill.line(xs[i], ys[i], xs[j], ys[j]);
      } else {
        fill.line(xs[j], ys[j], xs[i], ys[i]);
      }
    }
    fill.inside(xs, ys);
    return new RegionMask(width, height, fill.bits);
  }

  /** A line from its left end; both ends included. */
  private void line(int x0, int y0, int x1, int y1) {
    int dx = x1 - x0;
    int dy = Math.abs(y1 - y0);
    int down = y1 < y0 ? -1 : 1;
    int n = Math.max(dx, dy);
    int m = Math.min(dx, dy);
    int x = x0;
    int y = y0;
    int e = n - 2 * m;
    for (int i = 0; i <= n; i++) {
      if (x >= 0 && y >= 0 && x < width && y < height) {
        bits.set(y * width + x);
      }
      if (e < 0) {
        x++;
        y += down;
        e += 2 * n - 2 * m;
      } else {
        if (dx > dy) {
          x++;
        } else {
          y += down;
        }
        e -= 2 * m;
      }
    }
  }

  /** One edge that is not horizontal: its rows, and where it crosses the current one. */
  private static final class Edge {
    final int top;
    final int bottom;
    final long slope;
    long x;

    Edge(int xTop, int top, int xBottom, int bottom) {
      this.top = top;
      this.bottom = bottom;
      this.x = (long) xTop << FRACTION;
      this.slope = ((long) (xBottom - xTop) << FRACTION) / (bottom - top);
    }
  }

  private void inside(int[] xs, int[] ys) {
    Edge[] edges = new Edge[xs.length];
    int count = 0;
    for (int i = 0; i < xs.length; i++) {
      int j = i + 1 == xs.length ? 0 : i + 1;
      if (ys[i] != ys[j]) {
        int a = ys[i] < ys[j] ? i : j;
        int b = ys[i] < ys[j] ? j : i;
        edges[count++] = new Edge(xs[a], ys[a], xs[b], ys[b]);
      }
    }
    Arrays.sort(edges, 0, count, Comparator.comparingInt(edge -> edge.top));
    Edge[] active = new Edge[count];
    long[] crossings = new long[count];
    int live = 0;
    int upcoming = 0;
    int first = count == 0 ? height : Math.max(edges[0].top, 0);
    for (int y = first; y < height && (live > 0 || upcoming < count); y++) {
      int kept = 0;
      for (int i = 0; i < live; i++) {
        if (active[i].bottom > y) {
          active[i].x += active[i].slope;
          active[kept++] = active[i];
        }
      }
      live = kept;
      for (; upcoming < count && edges[upcoming].top <= y; upcoming++) {
        Edge edge = edges[upcoming];
        if (edge.bottom > y) {
          edge.x += edge.slope * (y - edge.top);
          active[live++] = edge;
        }
      }
      for (int i = 0; i < live; i++) {
        crossings[i] = active[i].x;
      }
      Arrays.sort(crossings, 0, live);
      for (int i = 0; i + 1 < live; i += 2) {
        long from = Math.max((crossings[i] + (1 << FRACTION) - 1) >> FRACTION, 0);
        long to = Math.min(crossings[i + 1] >> FRACTION, width - 1);
        if (from <= to) {
          bits.set(y * width + (int) from, y * width + (int) to + 1);
        }
      }
    }
  }
}
