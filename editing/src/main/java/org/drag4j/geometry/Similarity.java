package org.drag4j.geometry;

/**
 * A {@link Move} whose centre is known: positions of the picture before and after it.
 *
 * @param x of the centre before, in pixels of the picture; likewise {@code y}
 * @param toX of the centre after; likewise {@code toY}
 * @param cos of the turn times the scale; likewise {@code sin}
 */
record Similarity(double x, double y, double toX, double toY, double cos, double sin) {
  /** The move about a point of the picture. */
  static Similarity of(Move move, Point centre) {
    double angle = Math.toRadians(move.rotate());
    double cos = StrictMath.cos(angle);
    double sin = StrictMath.sin(angle);
    if (move.rotate() % 90 == 0) {
      // Quarter turns are exact.
      cos = Math.rint(cos);
      sin = Math.rint(sin);
    }
    return new Similarity(
        centre.x(),
        centre.y(),
        centre.x() + move.by().x(),
        centre.y() + move.by().y(),
        move.scale() * cos,
        move.scale() * sin);
  }

  /** The column to which a position goes. */
  double targetX(double px, double py) {
    return toX + (px - x) * cos - (py - y) * sin;
  }

  /** The row to which a position goes. */
  double targetY(double px, double py) {
    return toY + (px - x) * sin + (py - y) * cos;
  }

  /** The column that a position comes from. */
  double sourceX(double px, double py) {
    return x + ((px - toX) * cos + (py - toY) * sin) / (cos * cos + sin * sin);
  }

  /** The row that a position comes from. */
  double sourceY(double px, double py) {
    return y + ((py - toY) * cos - (px - toX) * sin) / (cos * cos + sin * sin);
  }
}
