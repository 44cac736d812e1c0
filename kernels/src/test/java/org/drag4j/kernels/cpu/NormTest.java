package org.drag4j.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.reference.Meaning;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Group norm and layer norm against loops in double precision. */
final class NormTest {
  private static final float EPS = 1e-5f;

  static List<Integer> widths() {
    return Lone.widths();
  }

  private static Function<List<Value>, Value> group(int groups) {
    return in ->
        in.get(0).graph().node(new Op.GroupNorm(groups, EPS), "p", in.toArray(Value[]::new));
  }

  private static Value layer(List<Value> in) {
    return in.get(0).graph().node(new Op.LayerNorm(EPS), "p", in.toArray(Value[]::new));
  }

  private static void assertClose(double[] expected, float[] got, double tolerance, String where) {
    assertEquals(expected.length, got.length, where);
    for (int i = 0; i < got.length; i++) {
      assertEquals(
          expected[i], got[i], tolerance * (1 + Math.abs(expected[i])), where + " at " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void groupNormOfAnyShape(int bits) {
    int[][] cases = {
      // images, height, width, channels, groups
      {1, 1, 1, 4, 2},
      {2, 3, 5, 6, 3},
      {1, 8, 8, 64, 32},
      {3, 9, 7, 40, 8},
      {2, 16, 16, 130, 10},
      {1, 64, 64, 32, 32},
      {1, 37, 29, 96, 32},
      {1, 2, 2, 17, 1},
    };
    for (var c : cases) {
      var x = Lone.In.normal(1, c[0], c[1], c[2], c[3]);
      var scale = Lone.In.normal(2, c[3]);
      var shift = Lone.In.normal(3, c[3]);
      double[] expected = Lone.exact(group(c[4]), x, scale, shift);
      var where = List.of(c[0], c[1], c[2], c[3], c[4]).toString();
      float[] y = Lone.run(2, bits, group(c[4]), x, scale, shift);
      assertClose(expected, y, 1e-6, where);
      for (var fn : Op.UnaryFn.values()) {
        for (int i = 0; i < y.length; i++) {
          expected[i] = Meaning.EXACT.unary(fn, y[i]);
        }
        float[] z =
            Lone.run(
                2,
                bits,
                in -> in.get(0).graph().node(new Op.Unary(fn), "p", group(c[4]).apply(in)),
                x,
                scale,
                shift);
        assertClose(expected, z, 1e-6, where + " " + fn);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void normsKeepTheirDigitsWhereTheMeanIsLarge(int bits) {
    var x = Lone.In.normal(4, 1, 600, 64);
    for (int i = 0; i < x.x().length; i++) {
      x.x()[i] += 1000;
    }
    // One position far from all the others, where the sums start.
    x.x()[0] = -3000;
    var scale = Lone.In.normal(5, 64);
    var shift = Lone.In.normal(6, 64);
    double[] grouped = Lone.exact(group(4), x, scale, shift);
    assertClose(grouped, Lone.run(2, bits, group(4), x, scale, shift), 2e-6, "group norm");
    double[] layered = Lone.exact(NormTest::layer, x, scale, shift);
    assertClose(layered, Lone.run(2, bits, NormTest::layer, x, scale, shift), 2e-6, "layer norm");
  }

  @ParameterizedTest
  @MethodSource("widths")
  void layerNormOfAnyShape(int bits) {
    for (int channels : new int[] {1, 4, 5, 16, 33, 40, 320, 768, 1280}) {
      for (int rows : new int[] {1, 3, 77}) {
        var x = Lone.In.normal(channels, 1, rows, channels);
        var scale = Lone.In.normal(7, channels);
        var shift = Lone.In.normal(8, channels);
        assertClose(
            Lone.exact(NormTest::layer, x, scale, shift),
            Lone.run(2, bits, NormTest::layer, x, scale, shift),
            1e-6,
            rows + "x" + channels);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void threadsDoNotChangeABit(int bits) {
    var x = Lone.In.normal(9, 2, 40, 33, 48);
    var scale = Lone.In.normal(10, 48);
    var shift = Lone.In.normal(11, 48);
    for (var net : List.<Function<List<Value>, Value>>of(group(8), NormTest::layer)) {
      float[] one = Lone.run(1, bits, net, x, scale, shift);
      for (int threads : new int[] {2, 3, 7}) {
        assertArrayEquals(one, Lone.run(threads, bits, net, x, scale, shift), threads + " threads");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void nanReachesItsGroupAndNoOther(int bits) {
    var x = Lone.In.normal(12, 2, 70, 64);
    var scale = Lone.In.normal(13, 64);
    var shift = Lone.In.normal(14, 64);
    int hit = 70 * 64 + 33 * 64 + 20;
    x.x()[hit] = Float.NaN;
    float[] y = Lone.run(2, bits, group(4), x, scale, shift);
    float[] z = Lone.run(2, bits, NormTest::layer, x, scale, shift);
    for (int i = 0; i < y.length; i++) {
      boolean sameGroup = i >= 70 * 64 && i % 64 / 16 == 1;
      assertEquals(sameGroup, Float.isNaN(y[i]), "group norm at " + i);
      assertEquals(i / 64 == hit / 64, Float.isNaN(z[i]), "layer norm at " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void scaleAndShiftComeFromTheCheckpoint(int bits) {
    var weights = new TestWeights(DType.F16);
    var x = Lone.In.normal(15, 1, 6, 4, 32);
    weights.put("norm.weight", Shape.of(32));
    weights.put("norm.bias", Shape.of(32));
    for (int groups : new int[] {8, 1}) {
      Function<List<Value>, Value> net =
          in -> {
            var g = in.get(0).graph();
            var s = g.weight(Param.of("norm.weight", Shape.of(32)));
            var b = g.weight(Param.of("norm.bias", Shape.of(32)));
            return g.node(
                groups == 1 ? new Op.LayerNorm(EPS) : new Op.GroupNorm(groups, EPS),
                "p",
                in.get(0),
                s,
                b);
          };
      double[] expected = Lone.exact(weights, net, x);
      assertClose(expected, Lone.run(2, bits, weights, net, x), 1e-6, groups + " groups");
    }
  }

  @Test
  void onlyOneActivationIsFused() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(1, 4, 8), DType.F32);
    var s = g.input("s", Shape.of(8), DType.F32);
    var silu = new Op.Unary(Op.UnaryFn.SILU);
    var norm = new Op.GroupNorm(2, EPS);
    var context = new CpuContext(new Workers(1), new ScalarGemm(), new ScalarRowMath());
    var once = g.node(new Op.Fused(norm, List.of(silu)), "p", x, s, s);
    assertEquals(
        Optional.of("group_norm_f32_row+silu"),
        GroupNormCpu.select(context, once).map(k -> k.name()));
    var twice = g.node(new Op.Fused(norm, List.of(silu, silu)), "p", x, s, s);
    assertTrue(GroupNormCpu.select(context, twice).isEmpty());
    var sum = new Op.Fused(norm, List.of(new Op.Binary(Op.BinaryFn.ADD)));
    assertTrue(GroupNormCpu.select(context, g.node(sum, "p", x, s, s, x)).isEmpty());
  }
}
