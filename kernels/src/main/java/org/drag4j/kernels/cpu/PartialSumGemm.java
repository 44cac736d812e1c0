package org.drag4j.kernels.cpu;

/**
 * Another inner kernel's products, a long sum made of shorter ones: its rounding error grows with
 * the root of their length and number, not of the whole. A few percent slower.
 */
final class PartialSumGemm implements Gemm {
  /** Products of one sum at most. */
  private static final int LENGTH = 128;

  private final Gemm gemm;
  private final RowMath math;
  private final int width;
  private final Gemm narrow;
  private final ThreadLocal<float[]> tiles;

  PartialSumGemm(Gemm gemm, RowMath math) {
    this.gemm = gemm;
    this.math = math;
    width = gemm.panelWidth();
    boolean narrower = gemm.narrow().panelWidth() < width;
    narrow = narrower ? new PartialSumGemm(gemm.narrow(), math) : this;
    tiles = ThreadLocal.withInitial(() -> new float[tileRows() * width]);
  }

  @Override
  public int tileRows() {
    return gemm.tileRows();
  }

  @Override
  public int panelWidth() {
    return width;
  }

  @Override
  public Gemm narrow() {
    return narrow;
  }

  @Override
  public void panel(
      float[] a,
      int[] rows,
      int first,
      int count,
      int delta,
      float[] b,
      int bStart,
      int k,
      float[] c,
      int cStart,
      int cStride,
      boolean accumulate) {
    float[] tile = tiles.get();
    int sums = Math.ceilDiv(k, LENGTH);
    int length = Math.ceilDiv(k, Math.max(1, sums));
    for (int top = 0; top < count; top += tileRows()) {
      int high = Math.min(tileRows(), count - top);
      int to = cStart + top * cStride;
      if (!accumulate) {
        gemm.panel(a, rows, first + top, high, delta, b, bStart, length, c, to, cStride, false);
      }
      for (int from = accumulate ? 0 : length; from < k; from += length) {
        int some = Math.min(length, k - from);
        int weights = bStart + from * width;
        gemm.panel(
            a, rows, first + top, high, delta + from, b, weights, some, tile, 0, width, false);
        for (int r = 0; r < high; r++) {
          math.add(c, to + r * cStride, tile, r * width, width);
        }
      }
    }
  }
}
