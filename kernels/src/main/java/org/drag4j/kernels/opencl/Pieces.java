package org.drag4j.kernels.opencl;

/**
 * How elementwise work is cut.
 *
 * @param run elements of a run that a work-item does at a time
 * @param rows runs that a work-item does one after the other
 */
record Pieces(int run, int rows) {
  /** Elements a work-item of a processor does: enough that starting it does not matter. */
  static final int RUN = 4096;

  /** For rows of {@code columns} elements. */
  static Pieces of(Variant variant, long columns) {
    return switch (variant) {
      case TILE -> new Pieces(1, 1);
      case PANEL ->
          columns >= RUN
              ? new Pieces(RUN, 1)
              : new Pieces((int) Math.max(1, columns), (int) (RUN / Math.max(1, columns)));
    };
  }

  /** Work-items along a row of {@code columns} elements. */
  long across(long columns) {
    return Math.ceilDiv(columns, run);
  }

  /** Work-items for {@code all} rows. */
  long down(long all) {
    return Math.ceilDiv(all, rows);
  }
}
