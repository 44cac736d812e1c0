package org.drag4j.kernels.cpu;

/**
 * Panels cut into register tiles of 6, 4, 2 and 1 rows. Every tile is one small method with a sum
 * per local variable and one loop: the shape that C2 keeps in registers.
 */
abstract sealed class VectorGemm implements Gemm
    permits VectorGemm6x4, VectorGemm6x2, VectorGemm6x1 {
  /** Below 32 registers of 512 bits more than 12 sums would spill. */
  private static final int LANES_OF_512_BITS = 16;

  private final int width;
  private final Gemm narrow;

  VectorGemm(int width) {
    this.width = width;
    narrow = this instanceof VectorGemm6x1 ? this : new VectorGemm6x1();
  }

  /** The tile for the vectors in force. */
  static Gemm create() {
    return Lanes.floats().length() == LANES_OF_512_BITS ? new VectorGemm6x4() : new VectorGemm6x2();
  }

  @Override
  public int tileRows() {
    return 6;
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
    int r = 0;
    for (; r + 6 <= count; r += 6) {
      rows6(
          a,
          rows,
          first + r,
          delta,
          b,
          bStart,
          k,
          from,
          fromStart + r * fromStride,
          fromStride,
          c,
          cStart + r * cStride,
          cStride);
    }
    if (r + 4 <= count) {
      rows4(
          a,
          rows,
          first + r,
          delta,
          b,
          bStart,
          k,
          from,
          fromStart + r * fromStride,
          fromStride,
          c,
          cStart + r * cStride,
          cStride);
      r += 4;
    }
    if (r + 2 <= count) {
      rows2(
          a,
          rows,
          first + r,
          delta,
          b,
          bStart,
          k,
          from,
          fromStart + r * fromStride,
          fromStride,
          c,
          cStart + r * cStride,
          cStride);
      r += 2;
    }
    if (r < count) {
      rows1(
          a,
          rows,
          first + r,
          delta,
          b,
          bStart,
          k,
          from,
          fromStart + r * fromStride,
          fromStride,
          c,
          cStart + r * cStride,
          cStride);
    }
  }

  /** Six rows' products and {@code from}. */
  abstract void rows6(
      float[] a,
      int[] rows,
      int first,
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

  /** Four rows' products and {@code from}. */
  abstract void rows4(
      float[] a,
      int[] rows,
      int first,
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

  /** Two rows' products and {@code from}. */
  abstract void rows2(
      float[] a,
      int[] rows,
      int first,
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

  /** One row's products and {@code from}. */
  abstract void rows1(
      float[] a,
      int[] rows,
      int first,
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
