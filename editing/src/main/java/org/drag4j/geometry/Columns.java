package org.drag4j.geometry;

import java.util.BitSet;

/** First and last column of a region, first and last row of each column; filled strip by strip. */
final class Columns {
  private final int left;
  private final int[] tops;
  private final int[] bottoms;
  private final BitSet withTop = new BitSet();
  private final BitSet withBottom = new BitSet();

  /** Columns from {@code left} on, none of which has a row yet. */
  Columns(int left, int count) {
    this.left = left;
    tops = new int[count];
    bottoms = new int[count];
  }

  /** Those of a mask. */
  static Columns of(RegionMask mask) {
    var columns = new Columns(0, mask.width());
    columns.down(mask, 0);
    columns.up(mask, 0);
    return columns;
  }

  /** Looks for first rows in a strip whose first row is {@code top}; strips come from the top. */
  void down(RegionMask strip, int top) {
    for (int y = 0; y < strip.height(); y++) {
      find(strip, y, top, withTop, tops);
    }
  }

  /** Looks for last rows in a strip whose first row is {@code top}; strips come from the bottom. */
  void up(RegionMask strip, int top) {
    for (int y = strip.height() - 1; y >= 0; y--) {
      find(strip, y, top, withBottom, bottoms);
    }
  }

  private static void find(RegionMask strip, int y, int top, BitSet found, int[] rows) {
    int row = y * strip.width();
    int end = row + strip.width();
    for (int at = strip.next(row); at >= 0 && at < end; ) {
      int stop = Math.min(end, strip.nextClear(at));
      for (int x = found.nextClearBit(at - row); x < stop - row; x = found.nextClearBit(x)) {
        found.set(x);
        rows[x] = top + y;
      }
      at = strip.next(stop);
    }
  }

  /** Whether no column has a row. */
  boolean isEmpty() {
    return withTop.isEmpty();
  }

  /** The first column that has a row. */
  int first() {
    return left + withTop.nextSetBit(0);
  }

  /** The last column that has a row. */
  int last() {
    return left + withTop.length() - 1;
  }

  /** Whether a column has a row. */
  boolean has(int column) {
    return column >= left && withTop.get(column - left);
  }

  /** The first row of a column. */
  int top(int column) {
    return tops[column - left];
  }

  /** The last row of a column. */
  int bottom(int column) {
    return bottoms[column - left];
  }
}
