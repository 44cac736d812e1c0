package org.drag4j.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Attention against softmax in double precision. */
final class AttentionTest {
  static List<Integer> widths() {
    return Lone.widths();
  }

  private static Function<List<Value>, Value> attention(int heads, boolean causal) {
    return in ->
        in.get(0).graph().node(new Op.Attention(heads, causal), "p", in.toArray(Value[]::new));
  }

  private static void check(
      int bits, int images, int heads, int queries, int keys, int dim, boolean causal) {
    var q = Lone.In.normal(1, images, queries, heads * dim);
    var k = Lone.In.normal(2, images, keys, heads * dim);
    var v = Lone.In.normal(3, images, keys, heads * dim);
    var where = List.of(images, heads, queries, keys, dim) + (causal ? " causal" : "");
    double[] expected = Lone.exact(attention(heads, causal), q, k, v);
    float[] y = Lone.run(2, bits, attention(heads, causal), q, k, v);
    for (int i = 0; i < y.length; i++) {
      assertEquals(expected[i], y[i], 3e-6, where + " at " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void headsOfAnySize(int bits) {
    for (int dim : new int[] {1, 4, 5, 8, 10, 16, 20, 40, 64, 80, 160, 512}) {
      check(bits, 1, 2, 70, 33, dim, false);
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void tokensOfAnyNumber(int bits) {
    for (int queries : new int[] {1, 2, 63, 64, 65, 130}) {
      for (int keys : new int[] {1, 7, 77, 191, 192, 193, 400}) {
        check(bits, 1, 3, queries, keys, 8, false);
      }
    }
    check(bits, 3, 4, 20, 30, 5, false);
  }

  @ParameterizedTest
  @MethodSource("widths")
  void causal(int bits) {
    for (int tokens : new int[] {1, 5, 64, 77, 300}) {
      check(bits, 2, 2, tokens, tokens, 10, true);
    }
    check(bits, 1, 1, 300, 100, 4, true);
    check(bits, 1, 1, 100, 300, 4, true);
  }

  @ParameterizedTest
  @MethodSource("widths")
  void threadsDoNotChangeABit(int bits) {
    var q = Lone.In.normal(4, 2, 200, 40);
    var k = Lone.In.normal(5, 2, 250, 40);
    var v = Lone.In.normal(6, 2, 250, 40);
    float[] one = Lone.run(1, bits, attention(4, false), q, k, v);
    assertArrayEquals(one, Lone.run(3, bits, attention(4, false), q, k, v));
  }

  /** Scores of some thousands: all weight on one key, and no overflow. */
  @ParameterizedTest
  @MethodSource("widths")
  void largeScoresPickOneKey(int bits) {
    var q = Lone.In.normal(7, 1, 70, 16);
    var k = Lone.In.normal(8, 1, 500, 16);
    var v = Lone.In.normal(9, 1, 500, 16);
    for (int i = 0; i < q.x().length; i++) {
      q.x()[i] *= 3e4f;
    }
    double[] expected = Lone.exact(attention(1, false), q, k, v);
    float[] y = Lone.run(2, bits, attention(1, false), q, k, v);
    for (int i = 0; i < y.length; i++) {
      assertEquals(expected[i], y[i], 1e-2, "at " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void nanReachesItsQueryAndNoOther(int bits) {
    var q = Lone.In.normal(10, 1, 70, 16);
    var k = Lone.In.normal(11, 1, 300, 16);
    q.x()[66 * 16 + 5] = Float.NaN;
    float[] y = Lone.run(2, bits, attention(2, false), q, k, k);
    for (int i = 0; i < y.length; i++) {
      assertEquals(i / 8 == 66 * 2, Float.isNaN(y[i]), "at " + i);
    }
    Arrays.fill(q.x(), 1);
    k.x()[250 * 16 + 1] = Float.NaN;
    y = Lone.run(2, bits, attention(2, false), q, k, Lone.In.normal(12, 1, 300, 16));
    for (int i = 0; i < y.length; i++) {
      assertEquals(i / 8 % 2 == 0, Float.isNaN(y[i]), "a key: at " + i);
    }
  }
}
