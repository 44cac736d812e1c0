package org.drag4j.geometry;

import java.util.Optional;

/**
 * How a handle is moved in one piece: turned and scaled about a point, then shifted.
 *
 * @param by the shift, in pixels of the picture
 * @param rotate the turn in degrees, clockwise as seen
 * @param scale how many times as large it becomes
 * @param about the point that only the shift moves, in pixels of the picture; absent: the middle of
 *     the handle
 */
public record Move(Point by, double rotate, double scale, Optional<Point> about) {
  /** The largest turn, either way. */
  public static final double MAX_TURN = 360;

  /** The least of what is left of a handle's size. */
  public static final double MIN_SCALE = 0.05;

  /** The most that a handle is enlarged. */
  public static final double MAX_SCALE = 20;

  /**
   * Checks ranges.
   *
   * @throws EditDocumentException naming the field that is out of its range, or for a move that
   *     moves nothing
   */
  public Move {
    requireRange("move.rotate", rotate, -MAX_TURN, MAX_TURN);
    requireRange("move.scale", scale, MIN_SCALE, MAX_SCALE);
    if (by.x() == 0 && by.y() == 0 && isShift(rotate, scale)) {
      throw new EditDocumentException(
          "move",
          "a shift, a turn or another size",
          "none of them",
          "give by, rotate or scale another value");
    }
  }

  /** Whether it neither turns nor scales. */
  public boolean isShift() {
    return isShift(rotate, scale);
  }

  private static boolean isShift(double rotate, double scale) {
    return rotate % MAX_TURN == 0 && scale == 1;
  }

  private static void requireRange(String field, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw new EditDocumentException(
          field,
          "a number from "
              + EditDocumentException.plain(least)
              + " to "
              + EditDocumentException.plain(most),
          EditDocumentException.plain(value),
          "correct it");
    }
  }
}
