package org.drag4j.kernels.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * F(4x4, 3x3) at the points 0, a, -a, b, -b and infinity: a quarter of the products. a = 5/8 and b
 * = 3/2 are exact, so are the input's and output's factors, and the result has half the rounding
 * error of the usual 1 and 2 (a quarter at the worst element): twice that of the plain sum, so an
 * approximate kernel.
 */
final class Winograd4 extends Winograd {
  private static final VectorSpecies<Float> SPECIES = Lanes.floats();
  private static final int LANES = SPECIES.length();
  private static final float A = 5f / 8;
  private static final float B = 3f / 2;
  private static final float A2 = A * A;
  private static final float B2 = B * B;
  private static final float A3 = A2 * A;
  private static final float B3 = B2 * B;
  private static final float A2_B2 = A2 * B2;
  private static final float SUM = A2 + B2;

  // Weights carry one over the product of a point's distances from the others.
  private static final double AT_A = 1 / (2.0 * A2 * (A2 - B2));
  private static final double AT_B = 1 / (2.0 * B2 * (B2 - A2));
  private static final float W0_0 = (float) (1.0 / A2_B2);
  private static final float W0_A = (float) AT_A;
  private static final float W1_A = (float) (A * AT_A);
  private static final float W2_A = (float) (A2 * AT_A);
  private static final float W0_B = (float) AT_B;
  private static final float W1_B = (float) (B * AT_B);
  private static final float W2_B = (float) (B2 * AT_B);

  Winograd4() {
    super(4, 730, 300, 380);
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
    var p = x2.fma(FloatVector.broadcast(SPECIES, -B2), x4);
    var q = x1.fma(FloatVector.broadcast(SPECIES, -B2), x3).mul(A);
    var r = x2.fma(FloatVector.broadcast(SPECIES, -A2), x4);
    var s = x1.fma(FloatVector.broadcast(SPECIES, -A2), x3).mul(B);
    x0.fma(FloatVector.broadcast(SPECIES, A2_B2), x2.fma(FloatVector.broadcast(SPECIES, -SUM), x4))
        .intoArray(to, toStart);
    p.add(q).intoArray(to, toStart + toStep);
    p.sub(q).intoArray(to, toStart + 2 * toStep);
    r.add(s).intoArray(to, toStart + 3 * toStep);
    r.sub(s).intoArray(to, toStart + 4 * toStep);
    x1.fma(FloatVector.broadcast(SPECIES, A2_B2), x3.fma(FloatVector.broadcast(SPECIES, -SUM), x5))
        .intoArray(to, toStart + 5 * toStep);
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
    var p = w2.fma(FloatVector.broadcast(SPECIES, W2_A), w0.mul(W0_A));
    var q = w1.mul(W1_A);
    var r = w2.fma(FloatVector.broadcast(SPECIES, W2_B), w0.mul(W0_B));
    var s = w1.mul(W1_B);
    w0.mul(W0_0).intoArray(to, toStart);
    p.add(q).intoArray(to, toStart + toStep);
    p.sub(q).intoArray(to, toStart + 2 * toStep);
    r.add(s).intoArray(to, toStart + 3 * toStep);
    r.sub(s).intoArray(to, toStart + 4 * toStep);
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
    s.fma(FloatVector.broadcast(SPECIES, B), q.mul(A)).intoArray(to, toStart + toStep);
    r.fma(FloatVector.broadcast(SPECIES, B2), p.mul(A2)).intoArray(to, toStart + 2 * toStep);
    s.fma(FloatVector.broadcast(SPECIES, B3), q.fma(FloatVector.broadcast(SPECIES, A3), m5))
        .intoArray(to, toStart + 3 * toStep);
  }
}
