package org.drag4j.picture;

import java.util.Arrays;

/**
 * An image at another size: along each side the mean of the area a new pixel covers where it
 * shrinks, linear interpolation between pixel centres where it grows.
 */
final class Resampling {
  /** For every new position along a side, the old ones it takes from and their shares. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Side(int[] first, double[][] weights) {}

  /** Adds a row of the old image, times a weight. */
  @FunctionalInterface
  interface Rows {
    void add(int row, double weight, double[] to);
  }

  /** Takes the rows of the new image from the top. */
  @FunctionalInterface
  interface Sink {
    void take(int row, double[] values);
  }

  private Resampling() {}

  /**
   * Resamples.
   *
   * @param old {@code height} rows of {@code width * channels} values
   * @param to gets {@code newHeight} rows of {@code newWidth * channels}; the array is used again
   */
  static void run(
      int width, int height, int channels, Rows old, int newWidth, int newHeight, Sink to) {
    var columns = side(width, newWidth);
    var rows = side(height, newHeight);
    double[] row = new double[width * channels];
    double[] made = new double[newWidth * channels];
    for (int y = 0; y < newHeight; y++) {
      Arrays.fill(row, 0);
      for (int k = 0; k < rows.weights[y].length; k++) {
        old.add(rows.first[y] + k, rows.weights[y][k], row);
      }
      for (int x = 0; x < newWidth; x++) {
        for (int c = 0; c < channels; c++) {
          double sum = 0;
          for (int k = 0; k < columns.weights[x].length; k++) {
            sum += columns.weights[x][k] * row[(columns.first[x] + k) * channels + c];
          }
          made[x * channels + c] = sum;
        }
      }
      to.take(y, made);
    }
  }

  private static Side side(int from, int to) {
    if (to < 1) {
      throw new IllegalArgumentException(
          "picture: expected a size of at least 1, got " + to + "; use a larger size");
    }
    int[] first = new int[to];
    double[][] weights = new double[to][];
    double scale = (double) from / to;
    for (int i = 0; i < to; i++) {
      if (scale <= 1) {
        double centre = Math.clamp((i + 0.5) * scale - 0.5, 0, from - 1);
        first[i] = Math.min((int) centre, Math.max(from - 2, 0));
        double share = centre - first[i];
        weights[i] = from == 1 ? new double[] {1} : new double[] {1 - share, share};
      } else {
        double low = i * scale;
        double high = Math.min((i + 1) * scale, from);
        first[i] = (int) low;
        int last = Math.min((int) Math.ceil(high), from) - 1;
        weights[i] = new double[last - first[i] + 1];
        for (int k = 0; k < weights[i].length; k++) {
          double at = first[i] + k;
          weights[i][k] = (Math.min(at + 1, high) - Math.max(at, low)) / (high - low);
        }
      }
    }
    return new Side(first, weights);
  }
}
