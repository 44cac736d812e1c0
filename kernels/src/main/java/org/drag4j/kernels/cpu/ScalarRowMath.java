package org.drag4j.kernels.cpu;

import java.util.Optional;
import org.drag4j.graph.Op;

/** Plain loops, for machines without vectors and for the ends of runs that fill no vector. */
final class ScalarRowMath implements RowMath {
  static final float LOG2E = 1.442695f;

  /** What the float above lacks of log2(e). */
  static final float LOG2E_LOW = 1.925963e-8f;

  /** ln 2 in two parts, the first with so few bits that its product with an exponent is exact. */
  private static final float LN2_HIGH = 0.6933594f;

  private static final float LN2_LOW = -2.12194440e-4f;

  /** Adding it to a float below 2^22 leaves the nearest integer in the low bits. */
  static final float MAGIC = 12582912f;

  /** Exponents of 2 outside these are 0 and infinity. */
  static final float EXP2_LOW = -127;

  static final float EXP2_HIGH = 128;
  static final float EXP_LOW = -88.02969f;
  static final float EXP_HIGH = 88.72284f;

  /** Bits of 1f: an integer shifted to the exponent and this make a power of 2. */
  static final int ONE = 127 << 23;

  /** 2^f for |f| at most 1/2: minimax fit with relative error 2e-9, P0 being 1. */
  static final float P1 = 0.6931472f;

  static final float P2 = 0.24022648f;
  static final float P3 = 0.055503324f;
  static final float P4 = 0.009618437f;
  static final float P5 = 0.0013398874f;
  static final float P6 = 1.5353362e-4f;

  /**
   * The normal distribution function as {@code cdf(-z) = exp(-z^2/2) t Q(1 - 2t)} with {@code t =
   * 1/(1 + 0.28 z)}, the form of Abramowitz and Stegun 7.1.26 with a minimax fit of our own: error
   * 2e-9 near 0, relative error below 2e-8 for z up to 4.
   */
  static final float TAIL = 0.28f;

  static final float Q0 = 0.20893526f;
  static final float Q1 = -0.16025895f;
  static final float Q2 = 0.091418676f;
  static final float Q3 = -0.035330236f;
  static final float Q4 = 0.006371717f;
  static final float Q5 = 0.0013919201f;
  static final float Q6 = -0.001243020f;
  static final float Q7 = -3.201083e-4f;

  static final float QUICK = 1.702f;

  /** The exponent of a half that is infinite or no number. */
  static final short HALF_INFINITY = 0x7c00;

  /** {@code 2^x}; 0 below 2^-126.5, infinity from 2^127.5 on. */
  static float exp2(float x) {
    float c = x < EXP2_LOW ? EXP2_LOW : x;
    c = c > EXP2_HIGH ? EXP2_HIGH : c;
    float t = c + MAGIC;
    return power(t, c - (t - MAGIC));
  }

  /** {@code e^x}; 0 below 2^-126.5, infinity from 2^127.5 on. */
  static float exp(float x) {
    float c = x < EXP_LOW ? EXP_LOW : x;
    c = c > EXP_HIGH ? EXP_HIGH : c;
    float t = c * LOG2E + MAGIC;
    float n = t - MAGIC;
    float rest = c - n * LN2_HIGH - n * LN2_LOW;
    return power(t, rest * LOG2E);
  }

  /** {@code 2^(n+f)} where t is n plus the magic number. */
  private static float power(float t, float f) {
    float p = ((((((P6 * f + P5) * f + P4) * f + P3) * f + P2) * f + P1) * f) + 1;
    return p * Float.intBitsToFloat((Float.floatToRawIntBits(t) << 23) + ONE);
  }

  private static float gelu(float x) {
    float t = 1 / (1 + TAIL * Math.abs(x));
    float u = 1 - 2 * t;
    float q = ((((((Q7 * u + Q6) * u + Q5) * u + Q4) * u + Q3) * u + Q2) * u + Q1) * u + Q0;
    float tail = exp(x * x * -0.5f) * t * q;
    return x * (x < 0 ? tail : 1 - tail);
  }

  @Override
  public void unary(Op.UnaryFn fn, float[] x, int xStart, float[] y, int yStart, int count) {
    switch (fn) {
      case SILU -> gated(x, xStart, -1, y, yStart, count);
      case QUICK_GELU -> gated(x, xStart, -QUICK, y, yStart, count);
      case GELU -> {
        for (int i = 0; i < count; i++) {
          y[yStart + i] = gelu(x[xStart + i]);
        }
      }
    }
  }

  private static void gated(float[] x, int xStart, float factor, float[] y, int yStart, int count) {
    for (int i = 0; i < count; i++) {
      float v = x[xStart + i];
      y[yStart + i] = v / (1 + exp(v * factor));
    }
  }

  @Override
  public void binary(
      Op.BinaryFn fn,
      float[] a,
      int aStart,
      float[] b,
      int bStart,
      float[] y,
      int yStart,
      int count) {
    switch (fn) {
      case ADD -> {
        for (int i = 0; i < count; i++) {
          y[yStart + i] = a[aStart + i] + b[bStart + i];
        }
      }
      case MUL -> {
        for (int i = 0; i < count; i++) {
          y[yStart + i] = a[aStart + i] * b[bStart + i];
        }
      }
    }
  }

  @Override
  public void binary(
      Op.BinaryFn fn, float[] a, int aStart, float b, float[] y, int yStart, int count) {
    switch (fn) {
      case ADD -> {
        for (int i = 0; i < count; i++) {
          y[yStart + i] = a[aStart + i] + b;
        }
      }
      case MUL -> {
        for (int i = 0; i < count; i++) {
          y[yStart + i] = a[aStart + i] * b;
        }
      }
    }
  }

  @Override
  public void geglu(float[] a, int aStart, int gateStart, float[] y, int yStart, int count) {
    for (int i = 0; i < count; i++) {
      y[yStart + i] = a[aStart + i] * gelu(a[gateStart + i]);
    }
  }

  @Override
  public void moments(float[] x, int start, int rows, int columns, float[] sums) {
    moments(x, start, rows, columns, 0, sums);
  }

  /** {@link #moments(float[], int, int, int, float[])} of the columns from {@code first} on. */
  void moments(float[] x, int start, int rows, int columns, int first, float[] sums) {
    for (int c = first; c < columns; c++) {
      float x0 = x[start + c];
      float sum = 0;
      float squares = 0;
      int at = start + c;
      for (int r = 0; r < rows; r++) {
        float d = x[at] - x0;
        sum += d;
        squares += d * d;
        at += columns;
      }
      sums[c] = sum;
      sums[columns + c] = squares;
    }
  }

  @Override
  public void normalizeColumns(
      Optional<Op.UnaryFn> then,
      float[] x,
      int xStart,
      int rows,
      int columns,
      float[] factors,
      int factorsStart,
      float[] y,
      int yStart) {
    for (int r = 0; r < rows; r++) {
      int at = r * columns;
      normalizeOne(then, x, xStart + at, 0, columns, factors, factorsStart, y, yStart + at);
    }
  }

  /** The columns from {@code first} on of one row. */
  void normalizeOne(
      Optional<Op.UnaryFn> then,
      float[] x,
      int xStart,
      int first,
      int columns,
      float[] factors,
      int factorsStart,
      float[] y,
      int yStart) {
    int scales = factorsStart + columns;
    int shifts = scales + columns;
    for (int c = first; c < columns; c++) {
      y[yStart + c] =
          (x[xStart + c] - factors[factorsStart + c]) * factors[scales + c] + factors[shifts + c];
    }
    if (then.isPresent()) {
      unary(then.get(), y, yStart + first, columns - first);
    }
  }

  @Override
  public double sum(float[] x, int start, int count, float center, float[] lanes) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += x[start + i] - center;
    }
    return sum;
  }

  @Override
  public double squares(float[] x, int start, int count, float center, float[] lanes) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      float d = x[start + i] - center;
      sum += d * d;
    }
    return sum;
  }

  @Override
  public void normalizeRow(
      float[] x,
      int xStart,
      int count,
      float center,
      float factor,
      float offset,
      float[] scale,
      int scaleStart,
      float[] shift,
      int shiftStart,
      float[] y,
      int yStart) {
    for (int i = 0; i < count; i++) {
      float z = (x[xStart + i] - center) * factor + offset;
      y[yStart + i] = z * scale[scaleStart + i] + shift[shiftStart + i];
    }
  }

  @Override
  public boolean softmax(float[] s, int start, int rows, int width, float[] state, int stateStart) {
    return softmax(s, start, rows, width, 0, state, stateStart);
  }

  /** The columns from {@code first} on. */
  boolean softmax(
      float[] s, int start, int rows, int width, int first, float[] state, int stateStart) {
    boolean raised = false;
    for (int c = first; c < width; c++) {
      float old = state[stateStart + c];
      float max = old;
      for (int r = 0; r < rows; r++) {
        float v = s[start + r * width + c];
        max = v > max ? v : max;
      }
      float sum = 0;
      for (int r = 0; r < rows; r++) {
        float e = exp2(s[start + r * width + c] - max);
        s[start + r * width + c] = e;
        sum += e;
      }
      float shrink = exp2(old - max);
      state[stateStart + c] = max;
      state[stateStart + width + c] = state[stateStart + width + c] * shrink + sum;
      state[stateStart + 2 * width + c] = shrink;
      raised |= max > old;
    }
    return raised;
  }

  @Override
  public boolean allFinite(short[] x, int start, int count) {
    for (int i = start; i < start + count; i++) {
      if ((x[i] & HALF_INFINITY) == HALF_INFINITY) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void widenHalf(short[] x, int xStart, float[] y, int yStart, int count) {
    for (int i = 0; i < count; i++) {
      y[yStart + i] = Float.float16ToFloat(x[xStart + i]);
    }
  }

  @Override
  public void widenBrain(short[] x, int xStart, float[] y, int yStart, int count) {
    for (int i = 0; i < count; i++) {
      y[yStart + i] = Float.intBitsToFloat(x[xStart + i] << 16);
    }
  }
}
