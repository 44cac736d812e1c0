package org.drag4j.kernels.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Tiles of six rows by four vectors: 24 sums, four weights and one activation fill the 32 registers
 * of AVX-512.
 */
final class VectorGemm6x4 extends VectorGemm {
  private static final VectorSpecies<Float> SPECIES = Lanes.floats();
  private static final int LANES = SPECIES.length();
  private static final int WIDTH = 4 * LANES;

  VectorGemm6x4() {
    super(WIDTH);
  }

  @Override
  void rows6(
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
    int a4 = rows[first + 4] + delta;
    int a5 = rows[first + 5] + delta;
    int from1 = fromStart + fromStride;
    int from2 = from1 + fromStride;
    int from3 = from2 + fromStride;
    int from4 = from3 + fromStride;
    int from5 = from4 + fromStride;
    var c00 = FloatVector.fromArray(SPECIES, from, fromStart);
    var c01 = FloatVector.fromArray(SPECIES, from, fromStart + LANES);
    var c02 = FloatVector.fromArray(SPECIES, from, fromStart + 2 * LANES);
    var c03 = FloatVector.fromArray(SPECIES, from, fromStart + 3 * LANES);
    var c10 = FloatVector.fromArray(SPECIES, from, from1);
    var c11 = FloatVector.fromArray(SPECIES, from, from1 + LANES);
    var c12 = FloatVector.fromArray(SPECIES, from, from1 + 2 * LANES);
    var c13 = FloatVector.fromArray(SPECIES, from, from1 + 3 * LANES);
    var c20 = FloatVector.fromArray(SPECIES, from, from2);
    var c21 = FloatVector.fromArray(SPECIES, from, from2 + LANES);
    var c22 = FloatVector.fromArray(SPECIES, from, from2 + 2 * LANES);
    var c23 = FloatVector.fromArray(SPECIES, from, from2 + 3 * LANES);
    var c30 = FloatVector.fromArray(SPECIES, from, from3);
    var c31 = FloatVector.fromArray(SPECIES, from, from3 + LANES);
    var c32 = FloatVector.fromArray(SPECIES, from, from3 + 2 * LANES);
    var c33 = FloatVector.fromArray(SPECIES, from, from3 + 3 * LANES);
    var c40 = FloatVector.fromArray(SPECIES, from, from4);
    var c41 = FloatVector.fromArray(SPECIES, from, from4 + LANES);
    var c42 = FloatVector.fromArray(SPECIES, from, from4 + 2 * LANES);
    var c43 = FloatVector.fromArray(SPECIES, from, from4 + 3 * LANES);
    var c50 = FloatVector.fromArray(SPECIES, from, from5);
    var c51 = FloatVector.fromArray(SPECIES, from, from5 + LANES);
    var c52 = FloatVector.fromArray(SPECIES, from, from5 + 2 * LANES);
    var c53 = FloatVector.fromArray(SPECIES, from, from5 + 3 * LANES);
    for (int i = 0; i < k; i++) {
      int at = bStart + i * WIDTH;
      var b0 = FloatVector.fromArray(SPECIES, b, at);
      var b1 = FloatVector.fromArray(SPECIES, b, at + LANES);
      var b2 = FloatVector.fromArray(SPECIES, b, at + 2 * LANES);
      var b3 = FloatVector.fromArray(SPECIES, b, at + 3 * LANES);
      var x = FloatVector.broadcast(SPECIES, a[a0 + i]);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      c02 = x.fma(b2, c02);
      c03 = x.fma(b3, c03);
      x = FloatVector.broadcast(SPECIES, a[a1 + i]);
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      c12 = x.fma(b2, c12);
      c13 = x.fma(b3, c13);
      x = FloatVector.broadcast(SPECIES, a[a2 + i]);
      c20 = x.fma(b0, c20);
      c21 = x.fma(b1, c21);
      c22 = x.fma(b2, c22);
      c23 = x.fma(b3, c23);
      x = FloatVector.broadcast(SPECIES, a[a3 + i]);
      c30 = x.fma(b0, c30);
      c31 = x.fma(b1, c31);
      c32 = x.fma(b2, c32);
      c33 = x.fma(b3, c33);
      x = FloatVector.broadcast(SPECIES, a[a4 + i]);
      c40 = x.fma(b0, c40);
      c41 = x.fma(b1, c41);
      c42 = x.fma(b2, c42);
      c43 = x.fma(b3, c43);
      x = FloatVector.broadcast(SPECIES, a[a5 + i]);
      c50 = x.fma(b0, c50);
      c51 = x.fma(b1, c51);
      c52 = x.fma(b2, c52);
      c53 = x.fma(b3, c53);
    }
    int at1 = cStart + cStride;
    int at2 = at1 + cStride;
    int at3 = at2 + cStride;
    int at4 = at3 + cStride;
    int at5 = at4 + cStride;
    c00.intoArray(c, cStart);
    c01.intoArray(c, cStart + LANES);
    c02.intoArray(c, cStart + 2 * LANES);
    c03.intoArray(c, cStart + 3 * LANES);
    c10.intoArray(c, at1);
    c11.intoArray(c, at1 + LANES);
    c12.intoArray(c, at1 + 2 * LANES);
    c13.intoArray(c, at1 + 3 * LANES);
    c20.intoArray(c, at2);
    c21.intoArray(c, at2 + LANES);
    c22.intoArray(c, at2 + 2 * LANES);
    c23.intoArray(c, at2 + 3 * LANES);
    c30.intoArray(c, at3);
    c31.intoArray(c, at3 + LANES);
    c32.intoArray(c, at3 + 2 * LANES);
    c33.intoArray(c, at3 + 3 * LANES);
    c40.intoArray(c, at4);
    c41.intoArray(c, at4 + LANES);
    c42.intoArray(c, at4 + 2 * LANES);
    c43.intoArray(c, at4 + 3 * LANES);
    c50.intoArray(c, at5);
    c51.intoArray(c, at5 + LANES);
    c52.intoArray(c, at5 + 2 * LANES);
    c53.intoArray(c, at5 + 3 * LANES);
  }

  @Override
  void rows4(
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
    var c00 = FloatVector.fromArray(SPECIES, from, fromStart);
    var c01 = FloatVector.fromArray(SPECIES, from, fromStart + LANES);
    var c02 = FloatVector.fromArray(SPECIES, from, fromStart + 2 * LANES);
    var c03 = FloatVector.fromArray(SPECIES, from, fromStart + 3 * LANES);
    var c10 = FloatVector.fromArray(SPECIES, from, from1);
    var c11 = FloatVector.fromArray(SPECIES, from, from1 + LANES);
    var c12 = FloatVector.fromArray(SPECIES, from, from1 + 2 * LANES);
    var c13 = FloatVector.fromArray(SPECIES, from, from1 + 3 * LANES);
    var c20 = FloatVector.fromArray(SPECIES, from, from2);
    var c21 = FloatVector.fromArray(SPECIES, from, from2 + LANES);
    var c22 = FloatVector.fromArray(SPECIES, from, from2 + 2 * LANES);
    var c23 = FloatVector.fromArray(SPECIES, from, from2 + 3 * LANES);
    var c30 = FloatVector.fromArray(SPECIES, from, from3);
    var c31 = FloatVector.fromArray(SPECIES, from, from3 + LANES);
    var c32 = FloatVector.fromArray(SPECIES, from, from3 + 2 * LANES);
    var c33 = FloatVector.fromArray(SPECIES, from, from3 + 3 * LANES);
    for (int i = 0; i < k; i++) {
      int at = bStart + i * WIDTH;
      var b0 = FloatVector.fromArray(SPECIES, b, at);
      var b1 = FloatVector.fromArray(SPECIES, b, at + LANES);
      var b2 = FloatVector.fromArray(SPECIES, b, at + 2 * LANES);
      var b3 = FloatVector.fromArray(SPECIES, b, at + 3 * LANES);
      var x = FloatVector.broadcast(SPECIES, a[a0 + i]);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      c02 = x.fma(b2, c02);
      c03 = x.fma(b3, c03);
      x = FloatVector.broadcast(SPECIES, a[a1 + i]);
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      c12 = x.fma(b2, c12);
      c13 = x.fma(b3, c13);
      x = FloatVector.broadcast(SPECIES, a[a2 + i]);
      c20 = x.fma(b0, c20);
      c21 = x.fma(b1, c21);
      c22 = x.fma(b2, c22);
      c23 = x.fma(b3, c23);
      x = FloatVector.broadcast(SPECIES, a[a3 + i]);
      c30 = x.fma(b0, c30);
      c31 = x.fma(b1, c31);
      c32 = x.fma(b2, c32);
      c33 = x.fma(b3, c33);
    }
    int at1 = cStart + cStride;
    int at2 = at1 + cStride;
    int at3 = at2 + cStride;
    c00.intoArray(c, cStart);
    c01.intoArray(c, cStart + LANES);
    c02.intoArray(c, cStart + 2 * LANES);
    c03.intoArray(c, cStart + 3 * LANES);
    c10.intoArray(c, at1);
    c11.intoArray(c, at1 + LANES);
    c12.intoArray(c, at1 + 2 * LANES);
    c13.intoArray(c, at1 + 3 * LANES);
    c20.intoArray(c, at2);
    c21.intoArray(c, at2 + LANES);
    c22.intoArray(c, at2 + 2 * LANES);
    c23.intoArray(c, at2 + 3 * LANES);
    c30.intoArray(c, at3);
    c31.intoArray(c, at3 + LANES);
    c32.intoArray(c, at3 + 2 * LANES);
    c33.intoArray(c, at3 + 3 * LANES);
  }

  @Override
  void rows2(
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
    int from1 = fromStart + fromStride;
    var c00 = FloatVector.fromArray(SPECIES, from, fromStart);
    var c01 = FloatVector.fromArray(SPECIES, from, fromStart + LANES);
    var c02 = FloatVector.fromArray(SPECIES, from, fromStart + 2 * LANES);
    var c03 = FloatVector.fromArray(SPECIES, from, fromStart + 3 * LANES);
    var c10 = FloatVector.fromArray(SPECIES, from, from1);
    var c11 = FloatVector.fromArray(SPECIES, from, from1 + LANES);
    var c12 = FloatVector.fromArray(SPECIES, from, from1 + 2 * LANES);
    var c13 = FloatVector.fromArray(SPECIES, from, from1 + 3 * LANES);
    for (int i = 0; i < k; i++) {
      int at = bStart + i * WIDTH;
      var b0 = FloatVector.fromArray(SPECIES, b, at);
      var b1 = FloatVector.fromArray(SPECIES, b, at + LANES);
      var b2 = FloatVector.fromArray(SPECIES, b, at + 2 * LANES);
      var b3 = FloatVector.fromArray(SPECIES, b, at + 3 * LANES);
      var x = FloatVector.broadcast(SPECIES, a[a0 + i]);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      c02 = x.fma(b2, c02);
      c03 = x.fma(b3, c03);
      x = FloatVector.broadcast(SPECIES, a[a1 + i]);
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      c12 = x.fma(b2, c12);
      c13 = x.fma(b3, c13);
    }
    int at1 = cStart + cStride;
    c00.intoArray(c, cStart);
    c01.intoArray(c, cStart + LANES);
    c02.intoArray(c, cStart + 2 * LANES);
    c03.intoArray(c, cStart + 3 * LANES);
    c10.intoArray(c, at1);
    c11.intoArray(c, at1 + LANES);
    c12.intoArray(c, at1 + 2 * LANES);
    c13.intoArray(c, at1 + 3 * LANES);
  }

  @Override
  void rows1(
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
    var c00 = FloatVector.fromArray(SPECIES, from, fromStart);
    var c01 = FloatVector.fromArray(SPECIES, from, fromStart + LANES);
    var c02 = FloatVector.fromArray(SPECIES, from, fromStart + 2 * LANES);
    var c03 = FloatVector.fromArray(SPECIES, from, fromStart + 3 * LANES);
    for (int i = 0; i < k; i++) {
      int at = bStart + i * WIDTH;
      var b0 = FloatVector.fromArray(SPECIES, b, at);
      var b1 = FloatVector.fromArray(SPECIES, b, at + LANES);
      var b2 = FloatVector.fromArray(SPECIES, b, at + 2 * LANES);
      var b3 = FloatVector.fromArray(SPECIES, b, at + 3 * LANES);
      var x = FloatVector.broadcast(SPECIES, a[a0 + i]);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      c02 = x.fma(b2, c02);
      c03 = x.fma(b3, c03);
    }
    c00.intoArray(c, cStart);
    c01.intoArray(c, cStart + LANES);
    c02.intoArray(c, cStart + 2 * LANES);
    c03.intoArray(c, cStart + 3 * LANES);
  }
}
