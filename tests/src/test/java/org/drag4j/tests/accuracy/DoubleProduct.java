package org.drag4j.tests.accuracy;

import java.util.Arrays;

/** A product of matrices of doubles in plain loops, blocked so that its operands stay in caches. */
final class DoubleProduct {
  private static final int INNER = 64;
  private static final int COLUMNS = 256;

  private DoubleProduct() {}

  /**
   * Adds {@code a b} to {@code c}.
   *
   * @param a {@code rows x inner} from {@code at} on, rows {@code stepA} apart; likewise {@code b}
   *     of {@code inner x columns}, {@code c} of {@code rows x columns}
   */
  static void add(
      double[] a,
      int atA,
      int stepA,
      double[] b,
      int atB,
      int stepB,
      double[] c,
      int atC,
      int stepC,
      int rows,
      int inner,
      int columns) {
    for (int j = 0; j < columns; j += COLUMNS) {
      int wide = Math.min(COLUMNS, columns - j);
      for (int k = 0; k < inner; k += INNER) {
        int deep = Math.min(INNER, inner - k);
        for (int i = 0; i < rows; i++) {
          row(
              a,
              atA + i * stepA + k,
              b,
              atB + k * stepB + j,
              stepB,
              c,
              atC + i * stepC + j,
              deep,
              wide);
        }
      }
    }
  }

  /** Four rows of b a pass: C2 turns the inner loop into vectors and c is touched once for all. */
  private static void row(
      double[] a, int ai, double[] b, int bi, int stepB, double[] c, int ci, int deep, int wide) {
    int k = 0;
    for (; k + 4 <= deep; k += 4) {
      four(a, ai + k, b, bi + k * stepB, stepB, c, ci, wide);
    }
    for (; k < deep; k++) {
      double x = a[ai + k];
      int from = bi + k * stepB;
      for (int j = 0; j < wide; j++) {
        c[ci + j] += x * b[from + j];
      }
    }
  }

  private static void four(
      double[] a, int ai, double[] b, int bi, int stepB, double[] c, int ci, int wide) {
    double x0 = a[ai];
    double x1 = a[ai + 1];
    double x2 = a[ai + 2];
    double x3 = a[ai + 3];
    int b1 = bi + stepB;
    int b2 = b1 + stepB;
    int b3 = b2 + stepB;
    for (int j = 0; j < wide; j++) {
      c[ci + j] += x0 * b[bi + j] + x1 * b[b1 + j] + (x2 * b[b2 + j] + x3 * b[b3 + j]);
    }
  }

  /** {@code x} of {@code rows x columns} with rows and columns changed. */
  static double[] transposed(double[] x, int rows, int columns) {
    var y = new double[Math.multiplyExact(rows, columns)];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        y[c * rows + r] = x[r * columns + c];
      }
    }
    return y;
  }

  /** Makes every row of a matrix sum to one: softmax. */
  static void softmax(double[] x, int at, int count) {
    double max = Arrays.stream(x, at, at + count).max().orElseThrow();
    double sum = 0;
    for (int i = at; i < at + count; i++) {
      x[i] = Math.exp(x[i] - max);
      sum += x[i];
    }
    for (int i = at; i < at + count; i++) {
      x[i] /= sum;
    }
  }
}
