package org.drag4j.geometry;

/**
 * Pillow's antialiased bicubic filter along one axis, for levels of 8 bits (its file Resample.c):
 * the window grows with the reduction, weights are whole multiples of 2^-22, and every pass rounds.
 *
 * @param first pixel of each window
 * @param weights of each window, in units of 2^-22
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Bicubic(int from, int[] first, int[][] weights) {
  private static final int PRECISION = 22;
  private static final double SUPPORT = 2;
  private static final double A = -0.5;

  /** The filter that resizes {@code from} pixels to {@code to}. */
  static Bicubic of(int from, int to) {
    double scale = (double) from / to;
    double wide = Math.max(1, scale);
    double support = SUPPORT * wide;
    int[] first = new int[to];
    int[][] weights = new int[to][];
    for (int i = 0; i < to; i++) {
      double centre = (i + 0.5) * scale;
      int low = Math.max(0, (int) (centre - support + 0.5));
      int high = Math.min(from, (int) (centre + support + 0.5));
      double[] exact = new double[high - low];
      double sum = 0;
      for (int k = 0; k < exact.length; k++) {
        exact[k] = weight((low + k - centre + 0.5) / wide);
        sum += exact[k];
      }
      first[i] = low;
      weights[i] = new int[exact.length];
      for (int k = 0; k < exact.length; k++) {
        double unit = exact[k] / sum * (1 << PRECISION);
        weights[i][k] = (int) (unit < 0 ? unit - 0.5 : unit + 0.5);
      }
    }
    return new Bicubic(from, first, weights);
  }

  private static double weight(double distance) {
    double x = Math.abs(distance);
    if (x < 1) {
      return ((A + 2) * x - (A + 3)) * x * x + 1;
    }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
  }

  /** Rows of {@code from} levels, resized. */
  int[] rows(int[] levels, int rows) {
    int to = first.length;
    int[] out = new int[rows * to];
    for (int y = 0; y < rows; y++) {
      for (int i = 0; i < to; i++) {
        int sum = 1 << (PRECISION - 1);
        for (int k = 0; k < weights[i].length; k++) {
          sum += levels[y * from + first[i] + k] * weights[i][k];
        }
        out[y * to + i] = Math.clamp(sum >> PRECISION, 0, 255);
      }
    }
    return out;
  }

  /** Columns as rows. */
  static int[] transposed(int[] values, int columns, int rows) {
    int[] out = new int[values.length];
    for (int i = 0; i < values.length; i++) {
      out[i % columns * rows + i / columns] = values[i];
    }
    return out;
  }
}
