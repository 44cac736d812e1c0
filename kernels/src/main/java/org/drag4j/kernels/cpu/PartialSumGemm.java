package org.drag4j.kernels.cpu;

import org.drag4j.graph.Op;

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
  private final float[] zeros;
  private final ThreadLocal<float[]> tiles;

  PartialSumGemm(Gemm gemm, RowMath math) {
    this.gemm = gemm;
    this.math = math;
    width = gemm.panelWidth();
    boolean narrower = gemm.narrow().panelWidth() < width;
    narrow = narrower ? new PartialSumGemm(gemm.narrow(), math) : this;
    zeros = new float[width];
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
      float[] from,
      int fromStart,
      int fromStride,
      float[] c,
      int cStart,
      int cStride) {
    float[] tile = tiles.get();
    int sums = Math.max(1, Math.ceilDiv(k, LENGTH));
    int length = Math.max(1, Math.ceilDiv(k, sums));
    for (int top = 0; top < count; top += tileRows()) {
      int high = Math.min(tileRows(), count - top);
      for (int i = 0; i < sums; i++) {
        int some = Math.min(length, k - i * length);
        int weights = bStart + i * length * width;
        gemm.panel(
            a,
            rows,
            first + top,
            high,
            delta + i * length,
            b,
            weights,
            some,
            zeros,
            0,
            0,
            tile,
            0,
            width);
        for (int r = top; r < top + high; r++) {
          int to = cStart + r * cStride;
          float[] sum = i == 0 ? from : c;
          int at = i == 0 ? fromStart + r * fromStride : to;
          math.binary(Op.BinaryFn.ADD, sum, at, tile, (r - top) * width, c, to, width);
        }
      }
    }
  }
}
