package org.drag4j.kernels.cpu;

/**
 * Panels by plain loops, for a JVM without the Vector API. C2 makes no vectors of a loop whose
 * arrays might overlap, so the sums are kept in registers here, too: tiles of four rows by two
 * columns.
 */
final class ScalarGemm implements Gemm {
  private static final int WIDTH = 16;

  @Override
  public int tileRows() {
    return 4;
  }

  @Override
  public int panelWidth() {
    return WIDTH;
  }

  @Override
  public Gemm narrow() {
    return this;
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
    for (; r + 4 <= count; r += 4) {
      for (int j = 0; j < WIDTH; j += 2) {
        rows4(
            a,
            rows,
            first + r,
            delta,
            b,
            bStart + j,
            k,
            from,
            fromStart + r * fromStride + j,
            fromStride,
            c,
            cStart + r * cStride + j,
            cStride);
      }
    }
    for (; r < count; r++) {
      for (int j = 0; j < WIDTH; j += 4) {
        rows1(
            a,
            rows[first + r] + delta,
            b,
            bStart + j,
            k,
            from,
            fromStart + r * fromStride + j,
            c,
            cStart + r * cStride + j);
      }
    }
  }

  private static void rows4(
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
      int cStride) {
    int a0 = rows[first] + delta;
    int a1 = rows[first + 1] + delta;
    int a2 = rows[first + 2] + delta;
    int a3 = rows[first + 3] + delta;
    int from1 = fromStart + fromStride;
    int from2 = from1 + fromStride;
    int from3 = from2 + fromStride;
    float c00 = from[fromStart];
    float c01 = from[fromStart + 1];
    float c10 = from[from1];
    float c11 = from[from1 + 1];
    float c20 = from[from2];
    float c21 = from[from2 + 1];
    float c30 = from[from3];
    float c31 = from[from3 + 1];
    for (int i = 0; i < k; i++) {
      float b0 = b[bStart + i * WIDTH];
      float b1 = b[bStart + i * WIDTH + 1];
      float x = a[a0 + i];
      c00 += x * b0;
      c01 += x * b1;
      x = a[a1 + i];
      c10 += x * b0;
      c11 += x * b1;
      x = a[a2 + i];
      c20 += x * b0;
      c21 += x * b1;
      x = a[a3 + i];
      c30 += x * b0;
      c31 += x * b1;
    }
    int at1 = cStart + cStride;
    int at2 = at1 + cStride;
    int at3 = at2 + cStride;
    c[cStart] = c00;
    c[cStart + 1] = c01;
    c[at1] = c10;
    c[at1 + 1] = c11;
    c[at2] = c20;
    c[at2 + 1] = c21;
    c[at3] = c30;
    c[at3 + 1] = c31;
  }

  private static void rows1(
      float[] a,
      int aStart,
      float[] b,
      int bStart,
      int k,
      float[] from,
      int fromStart,
      float[] c,
      int cStart) {
    float c0 = from[fromStart];
    float c1 = from[fromStart + 1];
    float c2 = from[fromStart + 2];
    float c3 = from[fromStart + 3];
    for (int i = 0; i < k; i++) {
      float x = a[aStart + i];
      int at = bStart + i * WIDTH;
      c0 += x * b[at];
      c1 += x * b[at + 1];
      c2 += x * b[at + 2];
      c3 += x * b[at + 3];
    }
    c[cStart] = c0;
    c[cStart + 1] = c1;
    c[cStart + 2] = c2;
    c[cStart + 3] = c3;
  }
}
