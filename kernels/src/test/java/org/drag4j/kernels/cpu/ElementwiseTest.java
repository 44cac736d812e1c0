package org.drag4j.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Operations that treat every element by itself or only move elements. */
final class ElementwiseTest {
  static List<Integer> widths() {
    return Lone.widths();
  }

  @ParameterizedTest
  @MethodSource("widths")
  void unary(int bits) {
    for (var fn : Op.UnaryFn.values()) {
      for (int count : new int[] {1, 17, 40_000}) {
        var x = Lone.In.normal(count, 1, count);
        float[] y =
            Lone.run(2, bits, in -> in.get(0).graph().node(new Op.Unary(fn), "p", in.get(0)), x);
        for (int i = 0; i < count; i++) {
          double expected = RowMathTest.exact(fn, x.x()[i]);
          assertEquals(expected, y[i], 1e-6 * Math.abs(expected), fn + " at " + i);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void geglu(int bits) {
    for (int columns : new int[] {1, 5, 40, 1280, 20_000}) {
      var x = Lone.In.normal(columns, 1, 13, 2 * columns);
      float[] y = Lone.run(2, bits, in -> in.get(0).geglu(), x);
      for (int i = 0; i < y.length; i++) {
        int at = i / columns * 2 * columns + i % columns;
        double expected = x.x()[at] * RowMathTest.gelu(x.x()[at + columns]);
        assertEquals(expected, y[i], 1e-6 * Math.abs(expected), columns + " at " + i);
      }
    }
  }

  /** Element of {@code b} that meets element {@code i} of {@code a}. */
  private static int operand(int i, Shape a, Shape b) {
    int at = 0;
    int stride = 1;
    int left = i;
    for (int d = 1; d <= a.rank(); d++) {
      int index = left % a.dim(-d);
      left /= a.dim(-d);
      if (d <= b.rank()) {
        at += b.dim(-d) == 1 ? 0 : index * stride;
        stride *= b.dim(-d);
      }
    }
    return at;
  }

  @ParameterizedTest
  @MethodSource("widths")
  void binaryBroadcastsEveryWay(int bits) {
    var a = Lone.In.normal(1, 2, 3, 5, 18);
    for (var fn : Op.BinaryFn.values()) {
      for (int mask = 0; mask < 16; mask++) {
        for (int rank = 0; rank <= 4; rank++) {
          var dims = new int[rank];
          for (int d = 0; d < rank; d++) {
            dims[d] = (mask >> d & 1) == 0 ? 1 : a.shape().dim(4 - rank + d);
          }
          assertBinary(fn, bits, a, Lone.In.normal(2, dims));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void binaryOfLongAndShortRuns(int bits) {
    var fn = Op.BinaryFn.ADD;
    assertBinary(fn, bits, Lone.In.normal(3, 2, 70_001), Lone.In.normal(4, 2, 70_001));
    assertBinary(fn, bits, Lone.In.normal(3, 3, 40_000), Lone.In.normal(4, 40_000));
    assertBinary(fn, bits, Lone.In.normal(3, 3, 40_000), Lone.In.normal(4, 3, 1));
    assertBinary(fn, bits, Lone.In.normal(3, 2, 900, 40), Lone.In.normal(4, 2, 1, 40));
    assertBinary(fn, bits, Lone.In.normal(3, 30_000, 3), Lone.In.normal(4, 3));
    assertBinary(fn, bits, Lone.In.normal(3, 30_000, 3), Lone.In.normal(4, 1));
    assertBinary(fn, bits, Lone.In.normal(3, 1, 1), Lone.In.normal(4, 1));
  }

  private static void assertBinary(Op.BinaryFn fn, int bits, Lone.In a, Lone.In b) {
    float[] y =
        Lone.run(
            3,
            bits,
            in -> in.get(0).graph().node(new Op.Binary(fn), "p", in.get(0), in.get(1)),
            a,
            b);
    for (int i = 0; i < y.length; i++) {
      float other = b.x()[operand(i, a.shape(), b.shape())];
      float expected = fn == Op.BinaryFn.ADD ? a.x()[i] + other : a.x()[i] * other;
      assertEquals(expected, y[i], fn + " " + a.shape() + " " + b.shape() + " at " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void binaryWithAWeight(int bits) {
    var weights = new TestWeights(DType.F32);
    double[] table = weights.put("position_embedding.weight", Shape.of(7, 20));
    var a = Lone.In.normal(5, 2, 7, 20);
    float[] y =
        Lone.run(
            2,
            bits,
            weights,
            in ->
                in.get(0)
                    .plus(
                        in.get(0)
                            .graph()
                            .weight(Param.of("position_embedding.weight", Shape.of(7, 20)))),
            a);
    for (int i = 0; i < y.length; i++) {
      assertEquals(a.x()[i] + (float) table[i % 140], y[i]);
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void concatOfSeveral(int bits) {
    int[] widths = {3, 320, 1, 40};
    var in = new Lone.In[widths.length];
    for (int i = 0; i < in.length; i++) {
      in[i] = Lone.In.normal(i, 2, 9, 11, widths[i]);
    }
    float[] y =
        Lone.run(
            2, bits, v -> v.get(0).graph().node(new Op.Concat(), "p", v.toArray(Value[]::new)), in);
    int at = 0;
    for (int row = 0; row < 2 * 9 * 11; row++) {
      for (int i = 0; i < in.length; i++) {
        for (int c = 0; c < widths[i]; c++) {
          assertEquals(in[i].x()[row * widths[i] + c], y[at++], "row " + row);
        }
      }
    }
    assertEquals(y.length, at);
  }

  @ParameterizedTest
  @MethodSource("widths")
  void upsampleTakesTheNearest(int bits) {
    int[][] cases = {{4, 5, 8, 10}, {5, 3, 9, 7}, {3, 3, 3, 3}, {6, 4, 2, 3}, {1, 1, 5, 2}};
    for (var c : cases) {
      var x = Lone.In.normal(6, 2, c[0], c[1], 3);
      float[] y = Lone.run(2, bits, in -> in.get(0).upsample(c[2], c[3]), x);
      int at = 0;
      for (int n = 0; n < 2; n++) {
        for (int i = 0; i < c[2]; i++) {
          for (int j = 0; j < c[3]; j++) {
            int from = (n * c[0] + i * c[0] / c[2]) * c[1] + j * c[1] / c[3];
            for (int ch = 0; ch < 3; ch++) {
              assertEquals(x.x()[from * 3 + ch], y[at++], Arrays.toString(c) + " at " + at);
            }
          }
        }
      }
    }
  }

  /** The places where PyTorch's float product and whole numbers part. */
  @Test
  void upsampleFollowsPyTorchsRounding() {
    for (int in = 1; in <= 1024; in++) {
      int[] same = UpsampleCpu.sources(in, in);
      int[] twice = UpsampleCpu.sources(in, 2 * in);
      for (int i = 0; i < in; i++) {
        assertEquals(i, same[i]);
        assertEquals(i, twice[2 * i]);
        assertEquals(i, twice[2 * i + 1]);
      }
    }
    int[] odd = UpsampleCpu.sources(26, 44);
    int below = 0;
    for (int i = 0; i < odd.length; i++) {
      below += i * 26 / 44 - odd[i];
    }
    assertEquals(1, below);
    assertEquals(12, odd[22]);
  }

  @ParameterizedTest
  @MethodSource("widths")
  void timestepEmbedding(int bits) {
    var t = new Lone.In(Shape.of(4), 0, 1, 500, 981);
    for (int dim : new int[] {2, 320, 7}) {
      for (float shift : new float[] {0, 0.5f}) {
        for (boolean flip : new boolean[] {false, true}) {
          var op = new Op.TimestepEmbedding(dim, flip, shift);
          float[] y = Lone.run(2, bits, in -> in.get(0).graph().node(op, "p", in.get(0)), t);
          int half = dim / 2;
          for (int i = 0; i < y.length; i++) {
            int column = i % dim;
            double f = Math.exp(-Math.log(10_000) * (column % half) / (half - shift));
            double angle = t.x()[i / dim] * f;
            double expected =
                column == 2 * half
                    ? 0
                    : (column < half) == flip ? Math.cos(angle) : Math.sin(angle);
            // The exponent of up to 9.2 and the angle are rounded to floats.
            assertEquals(expected, y[i], 1e-6 * (1 + angle), op + " at " + i);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void timestepZeroIsExact(int bits) {
    var t = new Lone.In(Shape.of(1), 0);
    var op = new Op.TimestepEmbedding(4, true, 0);
    float[] y = Lone.run(1, bits, in -> in.get(0).graph().node(op, "p", in.get(0)), t);
    assertArrayEquals(new float[] {1, 1, 0, 0}, y);
  }
}
