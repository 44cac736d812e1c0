package org.drag4j.geometry;

/**
 * The handle region stretched onto the target region: along x by the bounding boxes, then each
 * target column by its own first and last row (RegionDrag's region pair). Blobs of one region act
 * as one shape; holes inside a column are not seen.
 *
 * @param border what counts of a region that hangs over the border of the image: all that is drawn,
 *     or what the image shows, as released
 */
public record RegionPairMapping(Region handle, Region target, Border border)
    implements RegionMapping {
  private static final float LEAST_EXTENT = 1e-4f;

  /** As released. */
  public RegionPairMapping(Region handle, Region target) {
    this(handle, target, Border.SQUEEZED);
  }

  @Override
  public Mapping pixels(int width, int height) {
    return map(width, height, 1);
  }

  @Override
  public Mapping cells(int width, int height) {
    return map(width, height, RegionMask.CELL);
  }

  private Columns columns(Region region, int width, int height, int cell) {
    return switch (border) {
      case SQUEEZED -> Columns.of(shown(region, width, height, cell));
      case CUT ->
          Drawn.hanging(region, width, height)
              .map(drawn -> drawn.columns(cell))
              .orElseGet(() -> Columns.of(shown(region, width, height, cell)));
    };
  }

  private static RegionMask shown(Region region, int width, int height, int cell) {
    return cell == 1 ? region.rasterise(width, height) : region.rasteriseCells(width, height);
  }

  /** Float32 in this order of operations, so that truncation falls as in the released code. */
  private Mapping map(int width, int height, int cell) {
    Columns from = columns(handle, width, height, cell);
    Columns to = columns(target, width, height, cell);
    RegionMask shown = shown(target, width, height, cell);
    float scaleX =
        (float) (from.last() - from.first()) / Math.max(to.last() - to.first(), LEAST_EXTENT);
    // Truncation must fall to the same side left of the image and above it.
    int left = Math.min(from.first(), 0);
    Mapping.Builder pairs = new Mapping.Builder(shown.count());
    for (int at = shown.next(0); at >= 0; at = shown.next(at + 1)) {
      int x = at % shown.width();
      int y = at / shown.width();
      int column = (int) ((x - to.first()) * scaleX + (from.first() - left)) + left;
      // The handle need not reach every column of its bounding box: nothing to copy from there.
      if (column > from.last() || !from.has(column)) {
        continue;
      }
      float scaleY =
          (float) (from.bottom(column) - from.top(column))
              / Math.max(to.bottom(x) - to.top(x), LEAST_EXTENT);
      int top = Math.min(from.top(column), 0);
      int row = (int) ((y - to.top(x)) * scaleY + (from.top(column) - top)) + top;
      pairs.add(column, row, x, y);
    }
    return pairs.build();
  }
}
