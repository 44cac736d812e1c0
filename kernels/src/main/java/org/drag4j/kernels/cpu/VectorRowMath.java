package org.drag4j.kernels.cpu;

import static org.drag4j.kernels.cpu.ScalarRowMath.EXP2_LOW;
import static org.drag4j.kernels.cpu.ScalarRowMath.EXP_HIGH;
import static org.drag4j.kernels.cpu.ScalarRowMath.EXP_LOW;
import static org.drag4j.kernels.cpu.ScalarRowMath.LOG2E;
import static org.drag4j.kernels.cpu.ScalarRowMath.LOG2E_LOW;
import static org.drag4j.kernels.cpu.ScalarRowMath.MAGIC;
import static org.drag4j.kernels.cpu.ScalarRowMath.ONE;
import static org.drag4j.kernels.cpu.ScalarRowMath.P1;
import static org.drag4j.kernels.cpu.ScalarRowMath.P2;
import static org.drag4j.kernels.cpu.ScalarRowMath.P3;
import static org.drag4j.kernels.cpu.ScalarRowMath.P4;
import static org.drag4j.kernels.cpu.ScalarRowMath.P5;
import static org.drag4j.kernels.cpu.ScalarRowMath.P6;
import static org.drag4j.kernels.cpu.ScalarRowMath.Q0;
import static org.drag4j.kernels.cpu.ScalarRowMath.Q1;
import static org.drag4j.kernels.cpu.ScalarRowMath.Q2;
import static org.drag4j.kernels.cpu.ScalarRowMath.Q3;
import static org.drag4j.kernels.cpu.ScalarRowMath.Q4;
import static org.drag4j.kernels.cpu.ScalarRowMath.Q5;
import static org.drag4j.kernels.cpu.ScalarRowMath.Q6;
import static org.drag4j.kernels.cpu.ScalarRowMath.Q7;
import static org.drag4j.kernels.cpu.ScalarRowMath.QUICK;
import static org.drag4j.kernels.cpu.ScalarRowMath.TAIL;

import java.util.Arrays;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.drag4j.graph.Op;

/**
 * The Vector API. Every loop is flat, down to the polynomials it repeats: C2 inlines the Vector API
 * always, but methods of our own only until the inlined bytecodes reach a limit that a dozen vector
 * operations exhaust, and a vector passed to a method that is not inlined is boxed. What a loop
 * carries is an argument, never the receiver: C2 knows the class of a vector that this turn has
 * made and has to guess that of one it has from the turn before, from profiles that may be empty.
 * Maxima are compare and blend because {@code FloatVector.max} has Java's costly order of zeros.
 */
final class VectorRowMath implements RowMath {
  private static final VectorSpecies<Float> S = Lanes.floats();
  private static final int L = S.length();
  private static final VectorSpecies<Short> SHORTS = Lanes.shorts();
  private static final VectorSpecies<Integer> INTS = Lanes.ints();

  /** Sign, exponent and fraction of a sign-extended half, shifted to their places. */
  private static final int HALF_IN_FLOAT = 0x8fffe000;

  /** Floats that stay in the nearest cache between two loops over them. */
  private static final int NEAR = 1 << 12;

  /** What is left when the vectors are full. */
  private final ScalarRowMath rest = new ScalarRowMath();

  @Override
  public void unary(Op.UnaryFn fn, float[] x, int xStart, float[] y, int yStart, int count) {
    int full = S.loopBound(count);
    switch (fn) {
      case SILU -> gated(x, xStart, -1, y, yStart, full);
      case QUICK_GELU -> gated(x, xStart, -QUICK, y, yStart, full);
      case GELU -> gelu(x, xStart, y, yStart, full);
    }
    if (full < count) {
      rest.unary(fn, x, xStart + full, y, yStart + full, count - full);
    }
  }

  /** {@code x / (1 + exp(factor * x))}; the exponential is that of {@link ScalarRowMath}. */
  private static void gated(float[] x, int xStart, float factor, float[] y, int yStart, int full) {
    var magic = FloatVector.broadcast(S, MAGIC);
    var log2e = FloatVector.broadcast(S, LOG2E);
    for (int i = 0; i < full; i += L) {
      var v = FloatVector.fromArray(S, x, xStart + i);
      var c = v.mul(factor);
      c = c.blend(EXP_LOW, c.compare(VectorOperators.LT, EXP_LOW));
      c = c.blend(EXP_HIGH, c.compare(VectorOperators.GT, EXP_HIGH));
      var t = c.fma(log2e, magic);
      var f = c.fma(log2e, magic.sub(t));
      f = c.fma(FloatVector.broadcast(S, LOG2E_LOW), f);
      var p = FloatVector.broadcast(S, P6).fma(f, FloatVector.broadcast(S, P5));
      p = p.fma(f, FloatVector.broadcast(S, P4));
      p = p.fma(f, FloatVector.broadcast(S, P3));
      p = p.fma(f, FloatVector.broadcast(S, P2));
      p = p.fma(f, FloatVector.broadcast(S, P1));
      p = p.fma(f, FloatVector.broadcast(S, 1));
      // A product, where adding to the exponent's bits would save one operation: it keeps NaN.
      var power = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(ONE);
      var e = p.mul(power.reinterpretAsFloats());
      v.div(e.add(1)).intoArray(y, yStart + i);
    }
  }

  private static void gelu(float[] x, int xStart, float[] y, int yStart, int full) {
    var magic = FloatVector.broadcast(S, MAGIC);
    var log2e = FloatVector.broadcast(S, LOG2E);
    var one = FloatVector.broadcast(S, 1);
    for (int i = 0; i < full; i += L) {
      var v = FloatVector.fromArray(S, x, xStart + i);
      var z = v.abs();
      var t = one.div(z.fma(FloatVector.broadcast(S, TAIL), one));
      var u = t.fma(FloatVector.broadcast(S, -2), one);
      var q = FloatVector.broadcast(S, Q7).fma(u, FloatVector.broadcast(S, Q6));
      q = q.fma(u, FloatVector.broadcast(S, Q5));
      q = q.fma(u, FloatVector.broadcast(S, Q4));
      q = q.fma(u, FloatVector.broadcast(S, Q3));
      q = q.fma(u, FloatVector.broadcast(S, Q2));
      q = q.fma(u, FloatVector.broadcast(S, Q1));
      q = q.fma(u, FloatVector.broadcast(S, Q0)).mul(t);
      var c = v.mul(v).mul(-0.5f);
      c = c.blend(EXP_LOW, c.compare(VectorOperators.LT, EXP_LOW));
      var n = c.fma(log2e, magic);
      var f = c.fma(log2e, magic.sub(n));
      f = c.fma(FloatVector.broadcast(S, LOG2E_LOW), f);
      var p = FloatVector.broadcast(S, P6).fma(f, FloatVector.broadcast(S, P5));
      p = p.fma(f, FloatVector.broadcast(S, P4));
      p = p.fma(f, FloatVector.broadcast(S, P3));
      p = p.fma(f, FloatVector.broadcast(S, P2));
      p = p.fma(f, FloatVector.broadcast(S, P1));
      p = p.fma(f, one);
      var power = n.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(ONE);
      var tail = p.mul(power.reinterpretAsFloats()).mul(q);
      var cdf = one.sub(tail).blend(tail, v.compare(VectorOperators.LT, 0));
      v.mul(cdf).intoArray(y, yStart + i);
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
    int full = S.loopBound(count);
    switch (fn) {
      case ADD -> {
        for (int i = 0; i < full; i += L) {
          var v = FloatVector.fromArray(S, a, aStart + i);
          v.add(FloatVector.fromArray(S, b, bStart + i)).intoArray(y, yStart + i);
        }
      }
      case MUL -> {
        for (int i = 0; i < full; i += L) {
          var v = FloatVector.fromArray(S, a, aStart + i);
          v.mul(FloatVector.fromArray(S, b, bStart + i)).intoArray(y, yStart + i);
        }
      }
    }
    if (full < count) {
      rest.binary(fn, a, aStart + full, b, bStart + full, y, yStart + full, count - full);
    }
  }

  @Override
  public void binary(
      Op.BinaryFn fn, float[] a, int aStart, float b, float[] y, int yStart, int count) {
    int full = S.loopBound(count);
    switch (fn) {
      case ADD -> {
        for (int i = 0; i < full; i += L) {
          FloatVector.fromArray(S, a, aStart + i).add(b).intoArray(y, yStart + i);
        }
      }
      case MUL -> {
        for (int i = 0; i < full; i += L) {
          FloatVector.fromArray(S, a, aStart + i).mul(b).intoArray(y, yStart + i);
        }
      }
    }
    if (full < count) {
      rest.binary(fn, a, aStart + full, b, y, yStart + full, count - full);
    }
  }

  @Override
  public void geglu(float[] a, int aStart, int gateStart, float[] y, int yStart, int count) {
    for (int i = 0; i < count; i += NEAR) {
      int some = Math.min(NEAR, count - i);
      unary(Op.UnaryFn.GELU, a, gateStart + i, y, yStart + i, some);
      multiply(y, yStart + i, a, aStart + i, some);
    }
  }

  @Override
  public void moments(float[] x, int start, int rows, int columns, float[] sums) {
    int full = S.loopBound(columns);
    Arrays.fill(sums, 0, 2 * columns, 0);
    // Row by row: the processor fetches one run ahead of its use well, several at once badly.
    for (int r = 0; r < rows; r++) {
      moments(x, start, start + r * columns, columns, full, sums);
    }
    if (full < columns) {
      rest.moments(x, start, rows, columns, full, sums);
    }
  }

  private static void moments(float[] x, int first, int at, int columns, int full, float[] sums) {
    for (int c = 0; c < full; c += L) {
      var d = FloatVector.fromArray(S, x, at + c).sub(FloatVector.fromArray(S, x, first + c));
      d.add(FloatVector.fromArray(S, sums, c)).intoArray(sums, c);
      d.fma(d, FloatVector.fromArray(S, sums, columns + c)).intoArray(sums, columns + c);
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
    boolean silu = then.isPresent() && then.get() == Op.UnaryFn.SILU;
    int full = S.loopBound(columns);
    for (int r = 0; r < rows; r++) {
      int from = xStart + r * columns;
      int to = yStart + r * columns;
      if (silu) {
        normalizeSilu(x, from, full, columns, factors, factorsStart, y, to);
      } else {
        normalize(x, from, full, columns, factors, factorsStart, y, to);
        if (then.isPresent()) {
          unary(then.get(), y, to, full);
        }
      }
      if (full < columns) {
        rest.normalizeOne(then, x, from, full, columns, factors, factorsStart, y, to);
      }
    }
  }

  private static void normalize(
      float[] x,
      int xStart,
      int full,
      int columns,
      float[] factors,
      int centers,
      float[] y,
      int yStart) {
    int scales = centers + columns;
    int shifts = scales + columns;
    for (int c = 0; c < full; c += L) {
      var d = FloatVector.fromArray(S, x, xStart + c);
      d = d.sub(FloatVector.fromArray(S, factors, centers + c));
      var scale = FloatVector.fromArray(S, factors, scales + c);
      d.fma(scale, FloatVector.fromArray(S, factors, shifts + c)).intoArray(y, yStart + c);
    }
  }

  /** Both at once, which is what nearly every group norm of a network asks for. */
  private static void normalizeSilu(
      float[] x,
      int xStart,
      int full,
      int columns,
      float[] factors,
      int centers,
      float[] y,
      int yStart) {
    int scales = centers + columns;
    int shifts = scales + columns;
    var magic = FloatVector.broadcast(S, MAGIC);
    var log2e = FloatVector.broadcast(S, LOG2E);
    for (int i = 0; i < full; i += L) {
      var d = FloatVector.fromArray(S, x, xStart + i);
      d = d.sub(FloatVector.fromArray(S, factors, centers + i));
      var scale = FloatVector.fromArray(S, factors, scales + i);
      var v = d.fma(scale, FloatVector.fromArray(S, factors, shifts + i));
      var c = v.neg();
      c = c.blend(EXP_LOW, c.compare(VectorOperators.LT, EXP_LOW));
      c = c.blend(EXP_HIGH, c.compare(VectorOperators.GT, EXP_HIGH));
      var t = c.fma(log2e, magic);
      var f = c.fma(log2e, magic.sub(t));
      f = c.fma(FloatVector.broadcast(S, LOG2E_LOW), f);
      var p = FloatVector.broadcast(S, P6).fma(f, FloatVector.broadcast(S, P5));
      p = p.fma(f, FloatVector.broadcast(S, P4));
      p = p.fma(f, FloatVector.broadcast(S, P3));
      p = p.fma(f, FloatVector.broadcast(S, P2));
      p = p.fma(f, FloatVector.broadcast(S, P1));
      p = p.fma(f, FloatVector.broadcast(S, 1));
      var power = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(ONE);
      var e = p.mul(power.reinterpretAsFloats());
      v.div(e.add(1)).intoArray(y, yStart + i);
    }
  }

  @Override
  public double sum(float[] x, int start, int count, float center, float[] lanes) {
    var a = FloatVector.zero(S);
    var b = a;
    int i = 0;
    for (; i <= count - 2 * L; i += 2 * L) {
      a = FloatVector.fromArray(S, x, start + i).sub(center).add(a);
      b = FloatVector.fromArray(S, x, start + i + L).sub(center).add(b);
    }
    a.add(b).intoArray(lanes, 0);
    return total(lanes) + rest.sum(x, start + i, count - i, center, lanes);
  }

  @Override
  public double squares(float[] x, int start, int count, float center, float[] lanes) {
    var a = FloatVector.zero(S);
    var b = a;
    int i = 0;
    for (; i <= count - 2 * L; i += 2 * L) {
      var c = FloatVector.fromArray(S, x, start + i).sub(center);
      var d = FloatVector.fromArray(S, x, start + i + L).sub(center);
      a = c.fma(c, a);
      b = d.fma(d, b);
    }
    a.add(b).intoArray(lanes, 0);
    return total(lanes) + rest.squares(x, start + i, count - i, center, lanes);
  }

  /** Sum of a vector's lanes, in their order: {@code reduceLanes} may take any. */
  private static double total(float[] lanes) {
    double sum = 0;
    for (int i = 0; i < L; i++) {
      sum += lanes[i];
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
    var factors = FloatVector.broadcast(S, factor);
    var offsets = FloatVector.broadcast(S, offset);
    int i = 0;
    for (; i <= count - L; i += L) {
      var z = FloatVector.fromArray(S, x, xStart + i).sub(center).fma(factors, offsets);
      var b = FloatVector.fromArray(S, shift, shiftStart + i);
      z.fma(FloatVector.fromArray(S, scale, scaleStart + i), b).intoArray(y, yStart + i);
    }
    if (i < count) {
      rest.normalizeRow(
          x,
          xStart + i,
          count - i,
          center,
          factor,
          offset,
          scale,
          scaleStart + i,
          shift,
          shiftStart + i,
          y,
          yStart + i);
    }
  }

  @Override
  public boolean softmax(float[] s, int start, int rows, int width, float[] state, int stateStart) {
    int full = S.loopBound(width);
    int sums = stateStart + width;
    int maxima = sums + width;
    int added = maxima + width;
    int c = 0;
    for (; c <= full - 4 * L; c += 4 * L) {
      maxima4(s, start + c, rows, width, state, stateStart + c);
    }
    for (; c < full; c += L) {
      maxima1(s, start + c, rows, width, state, stateStart + c);
    }
    boolean raised = anyRaised(state, stateStart, maxima, full);
    // The factors are powers like any others: of the old maxima, as if they were scores.
    for (c = 0; c < full; c += L) {
      powers(state, stateStart + c, 1, width, state, maxima + c, added + c);
      powers(s, start + c, rows, width, state, maxima + c, added + c);
    }
    advance(state, stateStart, sums, maxima, added, full);
    if (full < width) {
      raised |= rest.softmax(s, start, rows, width, full, state, stateStart);
    }
    return raised;
  }

  /** Puts the maxima of the columns and of the running maxima where the factors will be. */
  private static void maxima4(float[] s, int start, int rows, int width, float[] state, int at) {
    var a = FloatVector.fromArray(S, state, at);
    var b = FloatVector.fromArray(S, state, at + L);
    var c = FloatVector.fromArray(S, state, at + 2 * L);
    var d = FloatVector.fromArray(S, state, at + 3 * L);
    int row = start;
    for (int r = 0; r < rows; r++) {
      var x = FloatVector.fromArray(S, s, row);
      a = x.blend(a, x.compare(VectorOperators.LE, a));
      x = FloatVector.fromArray(S, s, row + L);
      b = x.blend(b, x.compare(VectorOperators.LE, b));
      x = FloatVector.fromArray(S, s, row + 2 * L);
      c = x.blend(c, x.compare(VectorOperators.LE, c));
      x = FloatVector.fromArray(S, s, row + 3 * L);
      d = x.blend(d, x.compare(VectorOperators.LE, d));
      row += width;
    }
    a.intoArray(state, at + 2 * width);
    b.intoArray(state, at + 2 * width + L);
    c.intoArray(state, at + 2 * width + 2 * L);
    d.intoArray(state, at + 2 * width + 3 * L);
  }

  private static void maxima1(float[] s, int start, int rows, int width, float[] state, int at) {
    var a = FloatVector.fromArray(S, state, at);
    int row = start;
    for (int r = 0; r < rows; r++) {
      var x = FloatVector.fromArray(S, s, row);
      a = x.blend(a, x.compare(VectorOperators.LE, a));
      row += width;
    }
    a.intoArray(state, at + 2 * width);
  }

  private static boolean anyRaised(float[] state, int old, int maxima, int full) {
    var raised = S.maskAll(false);
    for (int c = 0; c < full; c += L) {
      var max = FloatVector.fromArray(S, state, maxima + c);
      raised = max.compare(VectorOperators.GT, FloatVector.fromArray(S, state, old + c)).or(raised);
    }
    return raised.anyTrue();
  }

  /** {@code s} becomes {@code 2^(s - max)}; a vector wide. */
  private static void powers(
      float[] s, int start, int rows, int width, float[] state, int maxAt, int sumAt) {
    var max = FloatVector.fromArray(S, state, maxAt);
    var sum = FloatVector.zero(S);
    int row = start;
    for (int r = 0; r < rows; r++) {
      var c = FloatVector.fromArray(S, s, row).sub(max);
      c = c.blend(EXP2_LOW, c.compare(VectorOperators.LT, EXP2_LOW));
      var t = c.add(MAGIC);
      var f = c.sub(t.sub(MAGIC));
      var p = FloatVector.broadcast(S, P6).fma(f, FloatVector.broadcast(S, P5));
      p = p.fma(f, FloatVector.broadcast(S, P4));
      p = p.fma(f, FloatVector.broadcast(S, P3));
      p = p.fma(f, FloatVector.broadcast(S, P2));
      p = p.fma(f, FloatVector.broadcast(S, P1));
      p = p.fma(f, FloatVector.broadcast(S, 1));
      var power = t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).add(ONE);
      var e = p.mul(power.reinterpretAsFloats());
      sum = e.add(sum);
      e.intoArray(s, row);
      row += width;
    }
    sum.intoArray(state, sumAt);
  }

  /** Makes the maxima the running ones, and leaves the factors in their place. */
  private static void advance(
      float[] state, int factors, int sums, int maxima, int added, int full) {
    for (int c = 0; c < full; c += L) {
      var factor = FloatVector.fromArray(S, state, factors + c);
      var max = FloatVector.fromArray(S, state, maxima + c);
      var sum = FloatVector.fromArray(S, state, sums + c);
      sum = sum.fma(factor, FloatVector.fromArray(S, state, added + c));
      sum.intoArray(state, sums + c);
      max.intoArray(state, factors + c);
      factor.intoArray(state, maxima + c);
    }
  }

  @Override
  public boolean allFinite(short[] x, int start, int count) {
    int full = SHORTS.loopBound(count);
    var greatest = ShortVector.zero(SHORTS);
    for (int i = 0; i < full; i += SHORTS.length()) {
      var exponent = ShortVector.fromArray(SHORTS, x, start + i).and(ScalarRowMath.HALF_INFINITY);
      greatest = exponent.max(greatest);
    }
    return greatest.reduceLanes(VectorOperators.MAX) < ScalarRowMath.HALF_INFINITY
        && rest.allFinite(x, start + full, count - full);
  }

  /**
   * {@inheritDoc} By integers: C2 makes the processor's own conversion of the plain loop in some
   * runs, and of single numbers in others. A finite half's bits at their place in a float are the
   * number times 2^-112, subnormal ones too.
   */
  @Override
  public void widenHalf(short[] x, int xStart, float[] y, int yStart, int count) {
    int full = S.loopBound(count);
    for (int i = 0; i < full; i += L) {
      var half = ShortVector.fromArray(SHORTS, x, xStart + i);
      var extended = (IntVector) half.convertShape(VectorOperators.S2I, INTS, 0);
      extended
          .lanewise(VectorOperators.LSHL, 13)
          .and(HALF_IN_FLOAT)
          .reinterpretAsFloats()
          .mul(0x1p112f)
          .intoArray(y, yStart + i);
    }
    rest.widenHalf(x, xStart + full, y, yStart + full, count - full);
  }

  @Override
  public void widenBrain(short[] x, int xStart, float[] y, int yStart, int count) {
    int full = S.loopBound(count);
    for (int i = 0; i < full; i += L) {
      var upper = ShortVector.fromArray(SHORTS, x, xStart + i);
      var extended = (IntVector) upper.convertShape(VectorOperators.S2I, INTS, 0);
      extended.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoArray(y, yStart + i);
    }
    rest.widenBrain(x, xStart + full, y, yStart + full, count - full);
  }
}
