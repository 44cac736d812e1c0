package org.drag4j.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Random;

/** Sums in double precision, and how far a sum of floats may be from them. */
final class Reference {
  /** A sum and the sum of its terms' magnitudes, which its rounding error is in proportion to. */
  record Sum(double value, double magnitude, int terms) {
    static final Sum ZERO = new Sum(0, 0, 0);

    Sum plus(double term) {
      return new Sum(value + term, magnitude + Math.abs(term), terms + 1);
    }
  }

  private Reference() {}

  static float[] normal(int count, long seed) {
    var random = new Random(seed);
    var x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  /** Rounding errors of a sum add up like a random walk. */
  static void assertClose(Sum expected, float got, String where) {
    double ulp = Math.scalb(1.0, -24) * expected.magnitude();
    assertEquals(expected.value(), got, ulp * (2 + 2 * Math.sqrt(expected.terms())), where);
  }

  static Sum[] linear(float[] x, double[] w, double[] bias, int rows, int inner, int columns) {
    var y = new Sum[rows * columns];
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < columns; o++) {
        var s = bias.length == 0 ? Sum.ZERO : Sum.ZERO.plus(bias[o]);
        for (int i = 0; i < inner; i++) {
          s = s.plus(x[r * inner + i] * w[o * inner + i]);
        }
        y[r * columns + o] = s;
      }
    }
    return y;
  }
}
