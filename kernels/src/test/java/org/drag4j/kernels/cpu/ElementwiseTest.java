package org.drag4j.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.reference.Meaning;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Operations that treat every element by itself or only move elements. */
final class ElementwiseTest {
  private static final TestWeights NONE = new TestWeights(DType.F32);

  static List<Integer> widths() {
    return Lone.widths();
  }

  @ParameterizedTest
  @MethodSource("widths")
  void unary(int bits) {
    for (var fn : Op.UnaryFn.values()) {
      for (int count : new int[] {1, 17, 40_000}) {
        var x = Lone.In.normal(count, 1, count);
        assertRelative(bits, node(new Op.Unary(fn)), x);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void geglu(int bits) {
    for (int columns : new int[] {1, 5, 40, 1280, 20_000}) {
      var x = Lone.In.normal(columns, 1, 13, 2 * columns);
      assertRelative(bits, node(new Op.Geglu()), x);
    }
  }

  private static Function<List<Value>, Value> node(Op op) {
    return in -> in.get(0).graph().node(op, "p", in.toArray(Value[]::new));
  }

  /** To a millionth of every element. */
  private static void assertRelative(int bits, Function<List<Value>, Value> net, Lone.In x) {
    var expected = Lone.exact(net, x);
    float[] y = Lone.run(2, bits, net, x);
    assertEquals(expected.length, y.length);
    for (int i = 0; i < y.length; i++) {
      assertEquals(expected[i], y[i], 1e-6 * Math.abs(expected[i]), x.shape() + " at " + i);
    }
  }

  /** What is moved, added or multiplied, and rounded once: to the last bit. */
  private static void assertSame(
      int threads, int bits, TestWeights weights, Function<List<Value>, Value> net, Lone.In... in) {
    var expected = Lone.exact(weights, net, in);
    float[] y = Lone.run(threads, bits, weights, net, in);
    assertEquals(expected.length, y.length);
    for (int i = 0; i < y.length; i++) {
      assertEquals((float) expected[i], y[i], in[0].shape() + " at " + i);
    }
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
    assertSame(3, bits, NONE, node(new Op.Binary(fn)), a, b);
  }

  @ParameterizedTest
  @MethodSource("widths")
  void binaryWithAWeight(int bits) {
    var weights = new TestWeights(DType.F32);
    weights.put("position_embedding.weight", Shape.of(7, 20));
    assertSame(
        2,
        bits,
        weights,
        in ->
            in.get(0)
                .plus(
                    in.get(0)
                        .graph()
                        .weight(Param.of("position_embedding.weight", Shape.of(7, 20)))),
        Lone.In.normal(5, 2, 7, 20));
  }

  @ParameterizedTest
  @MethodSource("widths")
  void concatOfSeveral(int bits) {
    int[] widths = {3, 320, 1, 40};
    var in = new Lone.In[widths.length];
    for (int i = 0; i < in.length; i++) {
      in[i] = Lone.In.normal(i, 2, 9, 11, widths[i]);
    }
    assertSame(2, bits, NONE, node(new Op.Concat()), in);
  }

  /** 26 to 44 is where PyTorch's float product and whole numbers part. */
  @ParameterizedTest
  @MethodSource("widths")
  void upsampleTakesTheNearest(int bits) {
    int[][] cases = {
      {4, 5, 8, 10}, {5, 3, 9, 7}, {3, 3, 3, 3}, {6, 4, 2, 3}, {1, 1, 5, 2}, {26, 3, 44, 5}
    };
    for (var c : cases) {
      var x = Lone.In.normal(6, 2, c[0], c[1], 3);
      assertSame(2, bits, NONE, in -> in.get(0).upsample(c[2], c[3]), x);
    }
  }

  /** Of every number of places; from 26 to 44 PyTorch's float product and whole numbers part. */
  @Test
  void everyPlaceIsTakenFromWhereTheMeaningTakesIt() {
    for (int in = 1; in <= 1024; in++) {
      for (int out : new int[] {in, 2 * in, 44, in / 2 + 1}) {
        var places = IntStream.range(0, in).asDoubleStream().toArray();
        var line = new Meaning.Operand(Shape.of(1, 1, in, 1), places);
        var expected = Meaning.EXACT.of(new Op.Upsample(1, out), line);
        var got = Arrays.stream(UpsampleCpu.sources(in, out)).asDoubleStream().toArray();
        assertArrayEquals(expected, got, in + " to " + out);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void timestepEmbedding(int bits) {
    var t = new Lone.In(Shape.of(4), 0, 1, 500, 981);
    for (int dim : new int[] {2, 320, 7}) {
      for (float shift : new float[] {0, 0.5f}) {
        for (boolean flip : new boolean[] {false, true}) {
          var op = new Op.TimestepEmbedding(dim, flip, shift);
          float[] y = Lone.run(2, bits, node(op), t);
          var expected = Lone.exact(node(op), t);
          int half = dim / 2;
          for (int i = 0; i < y.length; i++) {
            double angle =
                t.x()[i / dim] * Math.pow(10_000, -(i % dim % half) / (double) (half - shift));
            // The exponent of up to 9.2 and the angle are rounded to floats.
            assertEquals(expected[i], y[i], 1e-6 * (1 + angle), op + " at " + i);
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
