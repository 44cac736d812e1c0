package org.drag4j.kernels.cpu;

import java.util.Optional;
import org.drag4j.graph.Op;

/**
 * Arithmetic on runs of floats: by vectors where the machine has them, else by plain loops. NaN
 * goes in, NaN comes out. Results depend on the operands alone, never on threads.
 */
interface RowMath {
  /** Floats that are worth a task of their own: some microseconds of work. */
  int CHUNK = 1 << 14;

  /** Least score of attention: below any that occurs, yet safe to subtract from. */
  float LOWEST = -1e30f;

  /** {@code y[i] = fn(x[i])}; x and y may be the same run. */
  void unary(Op.UnaryFn fn, float[] x, int xStart, float[] y, int yStart, int count);

  /** {@code y[i] = fn(a[i], b[i])}; y may be a's or b's run. */
  void binary(
      Op.BinaryFn fn,
      float[] a,
      int aStart,
      float[] b,
      int bStart,
      float[] y,
      int yStart,
      int count);

  /** {@code y[i] = fn(a[i], b)}. */
  void binary(Op.BinaryFn fn, float[] a, int aStart, float b, float[] y, int yStart, int count);

  /**
   * {@code y[i] = a[aStart + i] * gelu(a[gateStart + i])}; the result may take the gates' place.
   */
  void geglu(float[] a, int aStart, int gateStart, float[] y, int yStart, int count);

  /**
   * Sums over {@code rows} rows of {@code columns} floats, one column apart from the other: {@code
   * sums[c]} of {@code x - x0} and {@code sums[columns + c]} of its square, {@code x0} being the
   * first row's element. As x0 is one of the sample, its squared distance from the mean is at most
   * {@code rows} times the variance, which bounds the cancellation whatever the mean.
   */
  void moments(float[] x, int start, int rows, int columns, float[] sums);

  /**
   * {@code y = then((x - centers) * scales + shifts)} for {@code rows} rows; {@code factors} holds
   * first the {@code columns} centers, then the scales, then the shifts.
   */
  void normalizeColumns(
      Optional<Op.UnaryFn> then,
      float[] x,
      int xStart,
      int rows,
      int columns,
      float[] factors,
      int factorsStart,
      float[] y,
      int yStart);

  /** Sum of {@code x[i] - center}; {@code lanes} is scratch memory for at least 16 floats. */
  double sum(float[] x, int start, int count, float center, float[] lanes);

  /** Sum of {@code (x[i] - center)^2}; {@code lanes} is scratch memory for at least 16 floats. */
  double squares(float[] x, int start, int count, float center, float[] lanes);

  /** {@code y[i] = ((x[i] - center) * factor + offset) * scale[i] + shift[i]}. */
  void normalizeRow(
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
      int yStart);

  /**
   * One step of the running softmax in base 2 (Milakov, Gimelshein: Online normalizer calculation
   * for softmax, 2018) over each column of {@code s [rows, width]}: {@code s} becomes {@code 2^(s -
   * max)}.
   *
   * @param state {@code width} running maxima (at first {@link #LOWEST}), as many running sums (at
   *     first 0), room for as many factors by which what was summed up before must shrink, and as
   *     much room again
   * @return whether some factor is not 1
   */
  boolean softmax(float[] s, int start, int rows, int width, float[] state, int stateStart);

  /** Whether {@code count} IEEE halves are all finite. */
  boolean allFinite(short[] x, int start, int count);

  /** {@code y[i]} = the IEEE half {@code x[i]}, which is neither infinite nor no number. */
  void widenHalf(short[] x, int xStart, float[] y, int yStart, int count);

  /** {@code y[i]} = the float whose upper half {@code x[i]} is. */
  void widenBrain(short[] x, int xStart, float[] y, int yStart, int count);

  /** {@code x[i] = fn(x[i])} for {@code count} floats from {@code start}. */
  default void unary(Op.UnaryFn fn, float[] x, int start, int count) {
    unary(fn, x, start, x, start, count);
  }

  /** {@code y[i] += x[i]}. */
  default void add(float[] y, int yStart, float[] x, int xStart, int count) {
    binary(Op.BinaryFn.ADD, y, yStart, x, xStart, y, yStart, count);
  }

  /** {@code y[i] *= x[i]}. */
  default void multiply(float[] y, int yStart, float[] x, int xStart, int count) {
    binary(Op.BinaryFn.MUL, y, yStart, x, xStart, y, yStart, count);
  }
}
