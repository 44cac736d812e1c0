package org.drag4j.geometry;

import java.util.Arrays;

/**
 * The handle region stretched onto the target region: along x by the bounding boxes, then each
 * target column by its own first and last row (RegionDrag's region pair). Blobs of one region act
 * as one shape; holes inside a column are not seen.
 */
public record RegionPairMapping(Region handle, Region target) implements RegionMapping {
  private static final float LEAST_EXTENT = 1e-4f;

  @Override
  public Mapping pixels(int width, int height) {
    return map(handle.rasterise(width, height), target.rasterise(width, height));
  }

  @Override
  public Mapping cells(int width, int height) {
    return map(handle.rasteriseCells(width, height), target.rasteriseCells(width, height));
  }

  /** Float32 in this order of operations, so that truncation falls as in the released code. */
  private static Mapping map(RegionMask handle, RegionMask target) {
    Columns from = Columns.of(handle);
    Columns to = Columns.of(target);
    float scaleX = (float) (from.last - from.first) / Math.max(to.last - to.first, LEAST_EXTENT);
    Mapping.Builder pairs = new Mapping.Builder(target.count());
    for (int at = target.next(0); at >= 0; at = target.next(at + 1)) {
      int x = at % target.width();
      int y = at / target.width();
      int column = (int) ((x - to.first) * scaleX + from.first);
      // The handle need not reach every column of its bounding box: nothing to copy from there.
      if (column > from.last || from.bottom[column] < 0) {
        continue;
      }
      float scaleY =
          (float) (from.bottom[column] - from.top[column])
              / Math.max(to.bottom[x] - to.top[x], LEAST_EXTENT);
      int row = (int) ((y - to.top[x]) * scaleY + from.top[column]);
      pairs.add(column, row, x, y);
    }
    return pairs.build();
  }

  /** First and last column of a mask, first and last row of each column (-1 where empty). */
  private static final class Columns {
    final int[] top;
    final int[] bottom;
    int first = Integer.MAX_VALUE;
    int last = -1;

    private Columns(int width) {
      top = new int[width];
      bottom = new int[width];
      Arrays.fill(bottom, -1);
    }

    static Columns of(RegionMask mask) {
      Columns columns = new Columns(mask.width());
      for (int at = mask.next(0); at >= 0; at = mask.next(at + 1)) {
        int x = at % mask.width();
        int y = at / mask.width();
        if (columns.bottom[x] < 0) {
          columns.top[x] = y;
        }
        columns.bottom[x] = y;
        columns.first = Math.min(columns.first, x);
        columns.last = Math.max(columns.last, x);
      }
      return columns;
    }
  }
}
