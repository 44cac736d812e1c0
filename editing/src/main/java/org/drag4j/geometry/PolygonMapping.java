package org.drag4j.geometry;

import java.util.List;

/**
 * The handle polygon carried onto the target polygon, vertex by vertex: triangles by an affine map,
 * quadrilaterals by a homography (RegionDrag's polygon pair).
 *
 * @param handle three or four vertices
 * @param target as many, in the order of those they correspond to
 */
public record PolygonMapping(Polygon handle, Polygon target) implements RegionMapping {
  public PolygonMapping {
    int n = handle.vertices().size();
    if (n > 4 || target.vertices().size() != n) {
      throw new IllegalArgumentException(
          "polygon pair: expected two triangles or two quadrilaterals, got "
              + n
              + " and "
              + target.vertices().size()
              + " vertices; use a region pair for other shapes");
    }
    requireProper("handle", handle.vertices());
    requireProper("target", target.vertices());
  }

  @Override
  public Mapping pixels(int width, int height) {
    return map(handle, target, width, height);
  }

  @Override
  public Mapping cells(int width, int height) {
    double scale = 1.0 / RegionMask.CELL;
    return map(
        handle.scaled(scale, scale),
        target.scaled(scale, scale),
        width / RegionMask.CELL,
        height / RegionMask.CELL);
  }

  private static Mapping map(Polygon handle, Polygon target, int width, int height) {
    RegionMask mask = target.rasterise(width, height);
    boolean affine = handle.vertices().size() == 3;
    double[] m = affine ? affine(target, handle) : homography(target, handle);
    Mapping.Builder pairs = new Mapping.Builder(mask.count());
    for (int at = mask.next(0); at >= 0; at = mask.next(at + 1)) {
      int x = at % width;
      int y = at / width;
      float sourceX;
      float sourceY;
      if (affine) {
        sourceX = Math.fma((float) m[0], x, (float) m[1] * y) + (float) m[2];
        sourceY = Math.fma((float) m[3], x, (float) m[4] * y) + (float) m[5];
      } else {
        double w = 1 / (m[6] * x + m[7] * y + 1);
        sourceX = (float) ((m[0] * x + m[1] * y + m[2]) * w);
        sourceY = (float) ((m[3] * x + m[4] * y + m[5]) * w);
      }
      // Near the horizon of a homography a source is nowhere.
      if (Math.abs(sourceX) <= Point.MAX_COORDINATE && Math.abs(sourceY) <= Point.MAX_COORDINATE) {
        pairs.add((int) sourceX, (int) sourceY, x, y);
      }
    }
    return pairs.build();
  }

  private static double[] affine(Polygon from, Polygon to) {
    double[][] system = new double[6][];
    for (int i = 0; i < 3; i++) {
      double x = (float) from.vertices().get(i).x();
      double y = (float) from.vertices().get(i).y();
      system[i] = new double[] {x, y, 1, 0, 0, 0, (float) to.vertices().get(i).x()};
      system[i + 3] = new double[] {0, 0, 0, x, y, 1, (float) to.vertices().get(i).y()};
    }
    return solve(system);
  }

  /** The eight free entries; the ninth is 1. */
  private static double[] homography(Polygon from, Polygon to) {
    double[][] system = new double[8][];
    for (int i = 0; i < 4; i++) {
      double x = (float) from.vertices().get(i).x();
      double y = (float) from.vertices().get(i).y();
      double u = (float) to.vertices().get(i).x();
      double v = (float) to.vertices().get(i).y();
      system[i] = new double[] {x, y, 1, 0, 0, 0, -x * u, -y * u, u};
      system[i + 4] = new double[] {0, 0, 0, x, y, 1, -x * v, -y * v, v};
    }
    return solve(system);
  }

  /** Gaussian elimination with partial pivoting; each row ends in its right hand side. */
  private static double[] solve(double[][] a) {
    int n = a.length;
    for (int k = 0; k < n; k++) {
      int pivot = k;
      for (int i = k + 1; i < n; i++) {
        if (Math.abs(a[i][k]) > Math.abs(a[pivot][k])) {
          pivot = i;
        }
      }
      double[] row = a[pivot];
      a[pivot] = a[k];
      a[k] = row;
      if (Math.abs(row[k]) < 1e-12) {
        throw new IllegalArgumentException(
            "polygon pair: expected shapes that map onto each other, got a degenerate pair; move"
                + " the vertices apart");
      }
      for (int i = k + 1; i < n; i++) {
        double factor = a[i][k] / row[k];
        for (int j = k; j <= n; j++) {
          a[i][j] -= factor * row[j];
        }
      }
    }
    double[] x = new double[n];
    for (int i = n - 1; i >= 0; i--) {
      double sum = a[i][n];
      for (int j = i + 1; j < n; j++) {
        sum -= a[i][j] * x[j];
      }
      x[i] = sum / a[i][i];
    }
    return x;
  }

  /** No three vertices on a line, no two opposite sides crossing. */
  private static void requireProper(String which, List<Point> p) {
    int n = p.size();
    for (int i = 0; i < (n == 3 ? 1 : n); i++) {
      if (turn(p.get(i), p.get((i + 1) % n), p.get((i + 2) % n)) == 0) {
        throw new IllegalArgumentException(
            "polygon pair: expected a "
                + which
                + " without three vertices on one line, got vertex "
                + ((i + 1) % n)
                + " on the line of its neighbours; move it");
      }
    }
    if (n == 4
        && (crosses(p.get(0), p.get(1), p.get(2), p.get(3))
            || crosses(p.get(1), p.get(2), p.get(3), p.get(0)))) {
      throw new IllegalArgumentException(
          "polygon pair: expected a "
              + which
              + " whose sides do not cross, got a bow tie; order the vertices around it");
    }
  }

  private static boolean crosses(Point a, Point b, Point c, Point d) {
    return turn(a, b, c) * turn(a, b, d) <= 0 && turn(c, d, a) * turn(c, d, b) <= 0;
  }

  /** The sign of the turn at {@code b}; 0 where the three lie on a line within rounding. */
  private static double turn(Point a, Point b, Point c) {
    double left = (b.x() - a.x()) * (c.y() - a.y());
    double right = (b.y() - a.y()) * (c.x() - a.x());
    double turn = left - right;
    return Math.abs(turn) <= 1e-9 * Math.max(Math.abs(left), Math.abs(right))
        ? 0
        : Math.signum(turn);
  }
}
