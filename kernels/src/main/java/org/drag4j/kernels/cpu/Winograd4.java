package org.drag4j.kernels.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * F(4x4, 3x3) at the points 0, 1, -1, 2, -2 and infinity: a quarter of the products, and four to
 * six times the rounding of the plain sum, so an approximate kernel.
 */
final class Winograd4 extends Winograd {
  private static final VectorSpecies<Float> SPECIES = Lanes.floats();
  private static final int LANES = SPECIES.length();
  private static final float QUARTER = 1f / 4;
  private static final float SIXTH = 1f / 6;
  private static final float TWELFTH = 1f / 12;
  private static final float TWENTY_FOURTH = 1f / 24;

  Winograd4() {
    super(4);
  }

  @Override
  void input(
      float[] x,
      int at,
      int rowStep,
      int pixelStep,
      float[] v,
      int vStart,
      int vStep,
      float[] scratch,
      int scratchStart) {
    for (int j = 0; j < 6; j++) {
      inputLine(x, at + j * pixelStep, rowStep, scratch, scratchStart + j * LANES, 6 * LANES);
    }
    for (int i = 0; i < 6; i++) {
      inputLine(scratch, scratchStart + i * 6 * LANES, LANES, v, vStart + i * 6 * vStep, vStep);
    }
  }

  private static void inputLine(float[] x, int at, int step, float[] to, int toStart, int toStep) {
    var x0 = FloatVector.fromArray(SPECIES, x, at);
    var x1 = FloatVector.fromArray(SPECIES, x, at + step);
    var x2 = FloatVector.fromArray(SPECIES, x, at + 2 * step);
    var x3 = FloatVector.fromArray(SPECIES, x, at + 3 * step);
    var x4 = FloatVector.fromArray(SPECIES, x, at + 4 * step);
    var x5 = FloatVector.fromArray(SPECIES, x, at + 5 * step);
    var a = x2.fma(FloatVector.broadcast(SPECIES, -5), x4);
    var b = x3.fma(FloatVector.broadcast(SPECIES, -5), x5);
    var p = x2.fma(FloatVector.broadcast(SPECIES, -4), x4);
    var q = x1.fma(FloatVector.broadcast(SPECIES, -4), x3);
    var r = x4.sub(x2);
    var s = x3.sub(x1).mul(2);
    x0.fma(FloatVector.broadcast(SPECIES, 4), a).intoArray(to, toStart);
    p.add(q).intoArray(to, toStart + toStep);
    p.sub(q).intoArray(to, toStart + 2 * toStep);
    r.add(s).intoArray(to, toStart + 3 * toStep);
    r.sub(s).intoArray(to, toStart + 4 * toStep);
    x1.fma(FloatVector.broadcast(SPECIES, 4), b).intoArray(to, toStart + 5 * toStep);
  }

  @Override
  void weight(
      float[] w,
      int at,
      int tapStep,
      float[] u,
      int uStart,
      int uStep,
      float[] scratch,
      int scratchStart) {
    for (int j = 0; j < 3; j++) {
      weightLine(w, at + j * tapStep, 3 * tapStep, scratch, scratchStart + j * LANES, 3 * LANES);
    }
    for (int i = 0; i < 6; i++) {
      weightLine(scratch, scratchStart + i * 3 * LANES, LANES, u, uStart + i * 6 * uStep, uStep);
    }
  }

  private static void weightLine(float[] w, int at, int step, float[] to, int toStart, int toStep) {
    var w0 = FloatVector.fromArray(SPECIES, w, at);
    var w1 = FloatVector.fromArray(SPECIES, w, at + step);
    var w2 = FloatVector.fromArray(SPECIES, w, at + 2 * step);
    var p = w0.add(w2);
    var q = w0.mul(TWENTY_FOURTH).add(w2.mul(SIXTH));
    var r = w1.mul(TWELFTH);
    w0.mul(QUARTER).intoArray(to, toStart);
    p.add(w1).mul(-SIXTH).intoArray(to, toStart + toStep);
    p.sub(w1).mul(-SIXTH).intoArray(to, toStart + 2 * toStep);
    q.add(r).intoArray(to, toStart + 3 * toStep);
    q.sub(r).intoArray(to, toStart + 4 * toStep);
    w2.intoArray(to, toStart + 5 * toStep);
  }

  @Override
  void output(
      float[] m,
      int at,
      int step,
      float[] y,
      int yStart,
      int rowStep,
      int pixelStep,
      float[] scratch,
      int scratchStart) {
    for (int j = 0; j < 6; j++) {
      outputLine(m, at + j * step, 6 * step, scratch, scratchStart + j * LANES, 6 * LANES);
    }
    for (int i = 0; i < 4; i++) {
      outputLine(scratch, scratchStart + i * 6 * LANES, LANES, y, yStart + i * rowStep, pixelStep);
    }
  }

  private static void outputLine(float[] m, int at, int step, float[] to, int toStart, int toStep) {
    var m0 = FloatVector.fromArray(SPECIES, m, at);
    var m1 = FloatVector.fromArray(SPECIES, m, at + step);
    var m2 = FloatVector.fromArray(SPECIES, m, at + 2 * step);
    var m3 = FloatVector.fromArray(SPECIES, m, at + 3 * step);
    var m4 = FloatVector.fromArray(SPECIES, m, at + 4 * step);
    var m5 = FloatVector.fromArray(SPECIES, m, at + 5 * step);
    var p = m1.add(m2);
    var q = m1.sub(m2);
    var r = m3.add(m4);
    var s = m3.sub(m4);
    m0.add(p).add(r).intoArray(to, toStart);
    s.fma(FloatVector.broadcast(SPECIES, 2), q).intoArray(to, toStart + toStep);
    r.fma(FloatVector.broadcast(SPECIES, 4), p).intoArray(to, toStart + 2 * toStep);
    s.fma(FloatVector.broadcast(SPECIES, 8), q).add(m5).intoArray(to, toStart + 3 * toStep);
  }
}
