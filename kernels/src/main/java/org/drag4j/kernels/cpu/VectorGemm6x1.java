package org.drag4j.kernels.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Tiles of six rows by one vector, for the last few columns: an image's three, a latent's four. */
final class VectorGemm6x1 extends VectorGemm {
  private static final VectorSpecies<Float> SPECIES = Lanes.floats();
  private static final int LANES = SPECIES.length();

  VectorGemm6x1() {
    super(LANES);
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
    var c0 = FloatVector.fromArray(SPECIES, from, fromStart);
    var c1 = FloatVector.fromArray(SPECIES, from, from1);
    var c2 = FloatVector.fromArray(SPECIES, from, from2);
    var c3 = FloatVector.fromArray(SPECIES, from, from3);
    var c4 = FloatVector.fromArray(SPECIES, from, from4);
    var c5 = FloatVector.fromArray(SPECIES, from, from5);
    for (int i = 0; i < k; i++) {
      var y = FloatVector.fromArray(SPECIES, b, bStart + i * LANES);
      c0 = FloatVector.broadcast(SPECIES, a[a0 + i]).fma(y, c0);
      c1 = FloatVector.broadcast(SPECIES, a[a1 + i]).fma(y, c1);
      c2 = FloatVector.broadcast(SPECIES, a[a2 + i]).fma(y, c2);
      c3 = FloatVector.broadcast(SPECIES, a[a3 + i]).fma(y, c3);
      c4 = FloatVector.broadcast(SPECIES, a[a4 + i]).fma(y, c4);
      c5 = FloatVector.broadcast(SPECIES, a[a5 + i]).fma(y, c5);
    }
    int at1 = cStart + cStride;
    int at2 = at1 + cStride;
    int at3 = at2 + cStride;
    int at4 = at3 + cStride;
    int at5 = at4 + cStride;
    c0.intoArray(c, cStart);
    c1.intoArray(c, at1);
    c2.intoArray(c, at2);
    c3.intoArray(c, at3);
    c4.intoArray(c, at4);
    c5.intoArray(c, at5);
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
    var c0 = FloatVector.fromArray(SPECIES, from, fromStart);
    var c1 = FloatVector.fromArray(SPECIES, from, from1);
    var c2 = FloatVector.fromArray(SPECIES, from, from2);
    var c3 = FloatVector.fromArray(SPECIES, from, from3);
    for (int i = 0; i < k; i++) {
      var y = FloatVector.fromArray(SPECIES, b, bStart + i * LANES);
      c0 = FloatVector.broadcast(SPECIES, a[a0 + i]).fma(y, c0);
      c1 = FloatVector.broadcast(SPECIES, a[a1 + i]).fma(y, c1);
      c2 = FloatVector.broadcast(SPECIES, a[a2 + i]).fma(y, c2);
      c3 = FloatVector.broadcast(SPECIES, a[a3 + i]).fma(y, c3);
    }
    int at1 = cStart + cStride;
    int at2 = at1 + cStride;
    int at3 = at2 + cStride;
    c0.intoArray(c, cStart);
    c1.intoArray(c, at1);
    c2.intoArray(c, at2);
    c3.intoArray(c, at3);
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
    var c0 = FloatVector.fromArray(SPECIES, from, fromStart);
    var c1 = FloatVector.fromArray(SPECIES, from, from1);
    for (int i = 0; i < k; i++) {
      var y = FloatVector.fromArray(SPECIES, b, bStart + i * LANES);
      c0 = FloatVector.broadcast(SPECIES, a[a0 + i]).fma(y, c0);
      c1 = FloatVector.broadcast(SPECIES, a[a1 + i]).fma(y, c1);
    }
    int at1 = cStart + cStride;
    c0.intoArray(c, cStart);
    c1.intoArray(c, at1);
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
    var c0 = FloatVector.fromArray(SPECIES, from, fromStart);
    for (int i = 0; i < k; i++) {
      var y = FloatVector.fromArray(SPECIES, b, bStart + i * LANES);
      c0 = FloatVector.broadcast(SPECIES, a[a0 + i]).fma(y, c0);
    }
    c0.intoArray(c, cStart);
  }
}
