package org.drag4j.schedule;

/** How far two arrays are apart. */
final class Distance {
  private Distance() {}

  /** Relative L2 distance of {@code actual} from {@code expected}. */
  static double relative(float[] expected, float[] actual) {
    if (expected.length != actual.length) {
      return Double.POSITIVE_INFINITY;
    }
    double error = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      double d = (double) expected[i] - actual[i];
      error += d * d;
      norm += (double) expected[i] * expected[i];
    }
    return Math.sqrt(error / norm);
  }

  static int differingBits(float[] expected, float[] actual) {
    if (expected.length != actual.length) {
      return Integer.MAX_VALUE;
    }
    int n = 0;
    for (int i = 0; i < expected.length; i++) {
      n += Float.floatToRawIntBits(expected[i]) == Float.floatToRawIntBits(actual[i]) ? 0 : 1;
    }
    return n;
  }
}
