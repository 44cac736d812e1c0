package org.drag4j.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.drag4j.graph.Op;
import org.drag4j.reference.Meaning;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Functions of runs of floats, in both families, against double precision. */
final class RowMathTest {
  private static final double ULP = Math.scalb(1.0, -23);

  static RowMath[] families() {
    VectorWidth.fix(VectorWidth.ofThisProcessor());
    return new RowMath[] {new ScalarRowMath(), new VectorRowMath()};
  }

  /** Every 2^13-th float: all magnitudes, both signs, the infinities, no NaN. */
  private static float[] sweep() {
    var x = new float[1 << 19];
    int count = 0;
    for (int i = 0; i < x.length; i++) {
      float v = Float.intBitsToFloat(i << 13);
      if (!Float.isNaN(v)) {
        x[count++] = v;
      }
    }
    return Arrays.copyOf(x, count);
  }

  @ParameterizedTest
  @MethodSource("families")
  void everyNumberOf16BitsIsWidenedExactly(RowMath math) {
    var x = new short[(1 << 16) + 3];
    for (int i = 0; i < x.length; i++) {
      x[i] = (short) (i - 3);
    }
    int count = 1 << 16;
    var y = new float[count + 5];
    math.widenHalf(x, 3, y, 5, count);
    for (int i = 0; i < count; i++) {
      float expected = Float.float16ToFloat((short) i);
      if (Float.isFinite(expected)) {
        assertEquals(
            Float.floatToRawIntBits(expected), Float.floatToRawIntBits(y[5 + i]), "half " + i);
      }
    }
    math.widenBrain(x, 3, y, 5, count - 1);
    for (int i = 0; i < count - 1; i++) {
      assertEquals(i << 16, Float.floatToRawIntBits(y[5 + i]), "bfloat16 " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void unaryFunctionsAreRightToSomeUlps(RowMath math) {
    float[] x = sweep();
    for (var fn : Op.UnaryFn.values()) {
      var y = new float[x.length];
      math.unary(fn, x, 0, y, 0, x.length);
      for (int i = 0; i < x.length; i++) {
        if (x[i] == Float.NEGATIVE_INFINITY) {
          assertTrue(Float.isNaN(y[i]), fn + "(-inf) is -inf * 0");
          continue;
        }
        double expected = Meaning.EXACT.unary(fn, x[i]);
        // Below 0 relative to what rounding the exponential's argument makes of it; the fit of GELU
        // is as good in F32 only where 1 + erf is not tiny.
        double argument = fn == Op.UnaryFn.GELU ? x[i] * x[i] / 2 : 1.702 * Math.abs(x[i]);
        double relative = (fn == Op.UnaryFn.GELU ? 4 : 3) + (x[i] < 0 ? Math.min(argument, 90) : 0);
        if (fn == Op.UnaryFn.GELU && x[i] < -4) {
          relative = 1000;
        }
        assertEquals(
            expected, y[i], relative * ULP * Math.abs(expected) + 1e-35, fn + " of " + x[i]);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void nanStaysNan(RowMath math) {
    int[] payloads = {0x7fc00000, 0xffc00000, 0x7fc00001, 0x7fffffff, 0xffc00080};
    for (var fn : Op.UnaryFn.values()) {
      for (int count : new int[] {5, 67}) {
        var x = new float[count];
        for (int i = 0; i < count; i++) {
          x[i] = i % 2 == 0 ? Float.intBitsToFloat(payloads[i / 2 % payloads.length]) : i;
        }
        math.unary(fn, x, 0, count);
        for (int i = 0; i < count; i++) {
          assertEquals(i % 2 == 0, Float.isNaN(x[i]), fn + " at " + i);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void powersOfTwoAreRightToAnUlp(RowMath math) {
    int width = 64;
    int rows = 4000;
    var s = new float[rows * width];
    for (int i = 0; i < s.length; i++) {
      s[i] = -i * 0.0005f;
    }
    Arrays.fill(s, 0, width, 0);
    s[width] = RowMath.LOWEST;
    s[width + 1] = -3e38f;
    s[width + 2] = Float.NEGATIVE_INFINITY;
    float[] x = s.clone();
    var state = state(width);
    assertTrue(math.softmax(s, 0, rows, width, state, 0));
    for (int i = 0; i < s.length; i++) {
      double expected = Math.pow(2, x[i]);
      assertEquals(
          expected, s[i], x[i] < -126.4 ? 1e-38 : ULP * expected + Float.MIN_VALUE, "2^" + x[i]);
    }
    assertEquals(0, s[width]);
    assertEquals(0, s[width + 1]);
    assertEquals(0, s[width + 2]);
  }

  private static float[] state(int width) {
    var state = new float[4 * width];
    Arrays.fill(state, 0, width, RowMath.LOWEST);
    return state;
  }

  @ParameterizedTest
  @MethodSource("families")
  void softmaxRunsOverBlocksOfAnyWidth(RowMath math) {
    for (int width : new int[] {1, 4, 16, 17, 33, 48, 64, 70}) {
      int rows = 9;
      int blocks = 4;
      float[] all = Sums.normal(rows * blocks * width, width);
      for (int i = 0; i < all.length; i++) {
        all[i] *= 20;
      }
      var state = state(width);
      var sums = new double[width];
      for (int b = 0; b < blocks; b++) {
        var s = Arrays.copyOfRange(all, b * rows * width, (b + 1) * rows * width);
        var before = state.clone();
        boolean raised = math.softmax(s, 0, rows, width, state, 0);
        boolean expectRaised = false;
        for (int c = 0; c < width; c++) {
          float max = before[c];
          for (int r = 0; r < rows; r++) {
            max = Math.max(max, all[(b * rows + r) * width + c]);
          }
          expectRaised |= max > before[c];
          assertEquals(max, state[c], "maximum");
          double shrink = Math.pow(2, before[c] - max);
          assertEquals(shrink, state[2 * width + c], 3e-7 * shrink + 1e-37, "factor");
          sums[c] *= shrink;
          for (int r = 0; r < rows; r++) {
            double e = Math.pow(2, (double) all[(b * rows + r) * width + c] - max);
            sums[c] += e;
            assertEquals(e, s[r * width + c], 5e-6 * e + 1e-37, "power");
          }
          assertEquals(sums[c], state[width + c], 5e-6 * sums[c], "sum");
        }
        assertEquals(expectRaised, raised);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void softmaxThatRaisesNothingSaysSo(RowMath math) {
    int width = 64;
    var state = state(width);
    var s = new float[2 * width];
    assertTrue(math.softmax(s, 0, 2, width, state, 0));
    assertFalse(math.softmax(new float[2 * width], 0, 2, width, state, 0));
    s[70] = 1;
    assertTrue(math.softmax(s, 0, 2, width, state, 0));
  }

  @ParameterizedTest
  @MethodSource("families")
  void sumsOfAnyLength(RowMath math) {
    var lanes = new float[16];
    for (int count : new int[] {1, 3, 15, 16, 17, 31, 32, 33, 100, 1280}) {
      float[] x = Sums.normal(count + 3, count);
      double sum = 0;
      double squares = 0;
      for (int i = 3; i < x.length; i++) {
        x[i] += 1000;
        double d = x[i] - 1000.5;
        sum += d;
        squares += d * d;
      }
      assertEquals(sum, math.sum(x, 3, count, 1000.5f, lanes), 1e-6 * count);
      assertEquals(squares, math.squares(x, 3, count, 1000.5f, lanes), 2e-6 * squares);
    }
  }
}
