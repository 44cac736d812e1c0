package org.drag4j.kernels.cpu;

/**
 * The inner kernel of linear layers and convolutions: rows of activations, each a run of {@code k}
 * floats at an offset of its own, times one panel of packed weights.
 */
interface Gemm {
  /** Rows of a register tile; blocks of rows are best a multiple of it. */
  int tileRows();

  /** Columns of a panel: register tile width. Weights are packed {@code [O/width][K][width]}. */
  int panelWidth();

  /** The kernel for a last panel of few columns; this one where there is none narrower. */
  Gemm narrow();

  /**
   * {@code c[r][j] = from[r][j] + sum over i of a[rows[first + r] + delta + i] * b[bStart + i*width
   * + j]} for {@code 0 <= r < count} and all columns j of the panel; row r of c starts at {@code
   * cStart + r*cStride}, of from likewise: a stride of 0 starts every row's sums from the same row,
   * c itself goes on with its own. Each element is summed in the order of i, however the rows are
   * cut into calls.
   */
  void panel(
      float[] a,
      int[] rows,
      int first,
      int count,
      int delta,
      float[] b,
      int bStart,
      int k,
      float[] from,
      int fromStart,
      int fromStride,
      float[] c,
      int cStart,
      int cStride);
}
