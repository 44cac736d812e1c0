package org.drag4j.kernels.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * F(2x2, 3x3) at the points 0, 1, -1 and infinity: four ninths of the products. Its sums are
 * shorter than the plain one's, so it rounds no worse.
 */
final class Winograd2 extends Winograd {
  private static final VectorSpecies<Float> SPECIES = Lanes.floats();
  private static final int LANES = SPECIES.length();

  Winograd2() {
    super(2, 200, 180, 200);
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
    for (int j = 0; j < 4; j++) {
      inputLine(x, at + j * pixelStep, rowStep, scratch, scratchStart + j * LANES, 4 * LANES);
    }
    for (int i = 0; i < 4; i++) {
      inputLine(scratch, scratchStart + i * 4 * LANES, LANES, v, vStart + i * 4 * vStep, vStep);
    }
  }

  private static void inputLine(float[] x, int at, int step, float[] to, int toStart, int toStep) {
    var x0 = FloatVector.fromArray(SPECIES, x, at);
    var x1 = FloatVector.fromArray(SPECIES, x, at + step);
    var x2 = FloatVector.fromArray(SPECIES, x, at + 2 * step);
    var x3 = FloatVector.fromArray(SPECIES, x, at + 3 * step);
    x0.sub(x2).intoArray(to, toStart);
    x1.add(x2).intoArray(to, toStart + toStep);
    x2.sub(x1).intoArray(to, toStart + 2 * toStep);
    x1.sub(x3).intoArray(to, toStart + 3 * toStep);
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
    for (int i = 0; i < 4; i++) {
      weightLine(scratch, scratchStart + i * 3 * LANES, LANES, u, uStart + i * 4 * uStep, uStep);
    }
  }

  private static void weightLine(float[] w, int at, int step, float[] to, int toStart, int toStep) {
    var w0 = FloatVector.fromArray(SPECIES, w, at);
    var w1 = FloatVector.fromArray(SPECIES, w, at + step);
    var w2 = FloatVector.fromArray(SPECIES, w, at + 2 * step);
    var p = w0.add(w2);
    w0.intoArray(to, toStart);
    p.add(w1).mul(0.5f).intoArray(to, toStart + toStep);
    p.sub(w1).mul(0.5f).intoArray(to, toStart + 2 * toStep);
    w2.intoArray(to, toStart + 3 * toStep);
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
    for (int j = 0; j < 4; j++) {
      outputLine(m, at + j * step, 4 * step, scratch, scratchStart + j * LANES, 4 * LANES);
    }
    for (int i = 0; i < 2; i++) {
      outputLine(scratch, scratchStart + i * 4 * LANES, LANES, y, yStart + i * rowStep, pixelStep);
    }
  }

  private static void outputLine(float[] m, int at, int step, float[] to, int toStart, int toStep) {
    var m0 = FloatVector.fromArray(SPECIES, m, at);
    var m1 = FloatVector.fromArray(SPECIES, m, at + step);
    var m2 = FloatVector.fromArray(SPECIES, m, at + 2 * step);
    var m3 = FloatVector.fromArray(SPECIES, m, at + 3 * step);
    m0.add(m1).add(m2).intoArray(to, toStart);
    m1.sub(m2).sub(m3).intoArray(to, toStart + toStep);
  }
}
