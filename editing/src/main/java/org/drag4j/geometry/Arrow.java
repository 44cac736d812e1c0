package org.drag4j.geometry;

/** A drag of one point of an image to another. */
public record Arrow(Point from, Point to) {
  /** This arrow in an image scaled by the factors. */
  public Arrow scaled(double factorX, double factorY) {
    return new Arrow(from.scaled(factorX, factorY), to.scaled(factorX, factorY));
  }
}
