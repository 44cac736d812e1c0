package org.drag4j.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Operations against values worked out by hand or taken from tables. */
class MeaningTest {
  private final Graph graph = new Graph(Hook.NONE);
  private final MapWeights weights = new MapWeights();

  @Test
  void errorFunctionIsThatOfTheTables() {
    assertEquals(0, Meaning.erf(0));
    assertEquals(0.5204998778130465, Meaning.erf(0.5), 4e-16);
    assertEquals(-0.8427007929497149, Meaning.erf(-1), 4e-16);
    assertEquals(0.9953222650189527, Meaning.erf(2), 4e-16);
    assertEquals(0.9999779095030014, Meaning.erf(3), 4e-16);
    assertEquals(Meaning.erf(Math.nextDown(2.5)), Meaning.erf(2.5), 2e-15);
    assertEquals(1, Meaning.erf(30));
    assertEquals(0.9999992569016276, Meaning.erf(3.5), 4e-16);
    assertEquals(-1, Meaning.erf(-6), 4e-16);
  }

  /** Values of erfc: where 1 - erf would have no digit left, too. */
  @ParameterizedTest
  @CsvSource({
    "0, 1",
    "0.5, 0.4795001221869535",
    "2, 0.004677734981047266",
    "3, 2.209049699858544e-5",
    "6, 2.1519736712498913e-17",
    "10, 2.088487583762545e-45"
  })
  void complementaryErrorFunctionIsThatOfTheTables(double x, double expected) {
    assertEquals(expected, Meaning.erfc(x), 1e-12 * expected);
  }

  /** {@code x} times the normal distribution's lower tail, however small. */
  @Test
  void geluKeepsItsDigitsFarBelowZero() {
    assertEquals(-8 * 6.220960574271784e-16, Meaning.EXACT.unary(Op.UnaryFn.GELU, -8), 1e-26);
    assertEquals(8, Meaning.EXACT.unary(Op.UnaryFn.GELU, 8), 1e-14);
    assertEquals(0, Meaning.EXACT.unary(Op.UnaryFn.GELU, 0));
    assertEquals(0.8413447460685429, Meaning.EXACT.unary(Op.UnaryFn.GELU, 1), 1e-15);
    // In float 1 + erf has nothing left there, which is the error it may cost.
    assertEquals(-0.0, Meaning.SINGLE.unary(Op.UnaryFn.GELU, -8));
  }

  @Test
  void siluAndQuickGeluAreProductsWithASigmoid() {
    assertEquals(2 / (1 + Math.exp(-2)), Meaning.EXACT.unary(Op.UnaryFn.SILU, 2), 1e-15);
    assertEquals(
        -3 / (1 + Math.exp(3 * 1.702)), Meaning.EXACT.unary(Op.UnaryFn.QUICK_GELU, -3), 1e-15);
  }

  @Test
  void layerNormTreatsEveryRowByItself() {
    var y =
        Meaning.EXACT.of(
            new Op.LayerNorm(0),
            operand(Shape.of(2, 2), 1, 3, -10, 10),
            operand(Shape.of(2), 2, 1),
            operand(Shape.of(2), 0.5, 0));
    assertArrayEquals(new double[] {-1.5, 1, -1.5, 1}, y, 1e-12);
  }

  @Test
  void attentionOfTwoHeadsScalesByTheirSize() {
    // One query, two keys; heads of 4 dimensions, so that scores are halved.
    var q = operand(Shape.of(1, 1, 8), 1, 0, 0, 0, 0, 1, 0, 0);
    double far = 2 * Math.log(3);
    var k = operand(Shape.of(1, 2, 8), 0, 0, 0, 0, 0, far, 0, 0, far, 0, 0, 0, 0, 0, 0, 0);
    var v = operand(Shape.of(1, 2, 8), 4, 4, 4, 4, 4, 4, 4, 4, 8, 8, 8, 8, 8, 8, 8, 8);
    assertArrayEquals(
        new double[] {7, 7, 7, 7, 5, 5, 5, 5},
        Meaning.EXACT.of(new Op.Attention(2, false), q, k, v),
        1e-12);
  }

  @Test
  void secondOperandsAreBroadcast() {
    var a = operand(Shape.of(2, 1, 3), series(6));
    var sum = new Op.Binary(Op.BinaryFn.ADD);
    var product = new Op.Binary(Op.BinaryFn.MUL);
    assertArrayEquals(
        new double[] {11, 22, 33, 14, 25, 36},
        Meaning.EXACT.of(sum, a, operand(Shape.of(3), 10, 20, 30)));
    assertArrayEquals(
        new double[] {10, 20, 30, 80, 100, 120},
        Meaning.EXACT.of(product, a, operand(Shape.of(2, 1, 1), 10, 20)));
  }

  @Test
  void castsRoundToHalf() {
    var x = operand(Shape.of(3), 1 + 0x1p-12, 1e-9, 2);
    assertArrayEquals(new double[] {1, 0, 2}, Meaning.EXACT.of(new Op.Cast(DType.F16), x));
    assertArrayEquals(x.values(), Meaning.EXACT.of(new Op.Cast(DType.F32), x));
  }

  @Test
  void concatJoinsRows() {
    assertArrayEquals(
        new double[] {1, 10, 20, 2, 30, 40},
        Meaning.EXACT.of(
            new Op.Concat(),
            operand(Shape.of(2, 1), 1, 2),
            operand(Shape.of(2, 2), 10, 20, 30, 40)));
  }

  @Test
  void embeddingPicksRowsAndRefusesOthers() {
    var table = operand(Shape.of(3, 2), series(6));
    var op = new Op.Embedding();
    assertArrayEquals(
        new double[] {5, 6, 1, 2}, Meaning.EXACT.of(op, operand(Shape.of(1, 2), 2, 0), table));
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> Meaning.EXACT.of(op, operand(Shape.of(1, 2), 2, 3), table));
    assertEquals("embedding: expected indices 0 to 2, got 3 at position 1", e.getMessage());
  }

  private static Meaning.Operand operand(Shape shape, double... values) {
    return new Meaning.Operand(shape, values);
  }

  @Test
  void convolutionReadsChannelsLastAndZerosAround() {
    // One filter of two channels over a 2x2 image; the checkpoint has [O, I, kh, kw].
    put("w", Shape.of(1, 2, 3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40, 50, 60, 70, 80, 90);
    put("b", Shape.of(1), 0.5f);
    var x = graph.input("x", Shape.of(1, 2, 2, 2), DType.F32);
    graph
        .node(
            new Op.Conv2d(2, 0, 1, true),
            "conv",
            x,
            graph.weight(Param.filter("w", 1, 3, 3, 2)),
            graph.weight(Param.of("b", Shape.of(1))))
        .output("y");
    // Rows 0, 1 and columns 0, 1 of the filter meet the image, the rest meets zeros.
    double expected =
        (1 * 1 + 2 * 10) + (3 * 2 + 4 * 20) + (5 * 4 + 6 * 40) + (7 * 5 + 8 * 50) + 0.5;
    assertArrayEquals(new double[] {expected}, y(Map.of("x", series(8))));
  }

  @Test
  void linearMultipliesByTheTransposedWeight() {
    put("w", Shape.of(2, 3), 1, 0, 2, 0, 1, -1);
    var x = graph.input("x", Shape.of(1, 3), DType.F32);
    graph
        .node(new Op.Linear(false), "linear", x, graph.weight(Param.of("w", Shape.of(2, 3))))
        .output("y");
    assertArrayEquals(new double[] {7, -1}, y(Map.of("x", series(3))));
  }

  @Test
  void groupNormTakesChannelsInRuns() {
    put("scale", Shape.of(4), 1, 1, 2, 2);
    put("shift", Shape.of(4), 0, 0, 0, 10);
    var x = graph.input("x", Shape.of(1, 1, 1, 4), DType.F32);
    graph
        .node(
            new Op.GroupNorm(2, 0),
            "norm",
            x,
            graph.weight(Param.of("scale", Shape.of(4))),
            graph.weight(Param.of("shift", Shape.of(4))))
        .output("y");
    assertArrayEquals(
        new double[] {-1, 1, -2, 12}, y(Map.of("x", new double[] {1, 3, 100, 300})), 1e-12);
  }

  @Test
  void causalAttentionSeesNoLaterKey() {
    var q = graph.input("q", Shape.of(1, 2, 1), DType.F32);
    var k = graph.input("k", Shape.of(1, 2, 1), DType.F32);
    var v = graph.input("v", Shape.of(1, 2, 1), DType.F32);
    graph.node(new Op.Attention(1, true), "attention", q, k, v).output("y");
    double[] ones = {1, 1};
    double[] keys = {0, Math.log(3)};
    double[] values = {8, 16};
    assertArrayEquals(
        new double[] {8, 0.25 * 8 + 0.75 * 16},
        y(Map.of("q", ones, "k", keys, "v", values)),
        1e-12);
  }

  @Test
  void gegluGatesTheFirstHalfByTheSecond() {
    graph.input("x", Shape.of(1, 2), DType.F32).geglu().output("y");
    // Phi(1)
    assertArrayEquals(
        new double[] {3 * 0.8413447460685429}, y(Map.of("x", new double[] {3, 1})), 1e-15);
  }

  @Test
  void timestepEmbeddingHasTheFrequenciesOfTheTransformer() {
    graph
        .node(new Op.TimestepEmbedding(4, true, 0), "t", graph.input("t", Shape.of(1), DType.F32))
        .output("y");
    assertArrayEquals(
        new double[] {Math.cos(5), Math.cos(0.05), Math.sin(5), Math.sin(0.05)},
        y(Map.of("t", new double[] {5})),
        1e-15);
  }

  @Test
  void upsampleRepeatsTheNearestPixel() {
    graph.input("x", Shape.of(1, 1, 3, 1), DType.F32).upsample(1, 5).output("y");
    assertArrayEquals(new double[] {1, 1, 2, 2, 3}, y(Map.of("x", series(3))));
  }

  /** At ratios beside 1 and 2 the product of floats falls below some whole numbers. */
  @Test
  void nearestFollowsPyTorchsRounding() {
    for (int in = 1; in <= 1024; in++) {
      for (int i = 0; i < in; i++) {
        assertEquals(i, Meaning.nearest(i, in, in));
        assertEquals(i, Meaning.nearest(2 * i, in, 2 * in));
        assertEquals(i, Meaning.nearest(2 * i + 1, in, 2 * in));
      }
    }
    int below = 0;
    for (int i = 0; i < 44; i++) {
      below += i * 26 / 44 - Meaning.nearest(i, 26, 44);
    }
    assertEquals(1, below);
    assertEquals(12, Meaning.nearest(22, 26, 44));
  }

  @Test
  void aFusedNodeIsItsBodyThenItsStages() {
    put("w", Shape.of(2, 2), 1, 0, 0, -1);
    var x = graph.input("x", Shape.of(1, 2), DType.F32);
    var w = graph.weight(Param.of("w", Shape.of(2, 2)));
    var r = graph.input("r", Shape.of(1, 2), DType.F32);
    var then =
        List.<Op>of(
            new Op.Binary(Op.BinaryFn.ADD),
            new Op.Unary(Op.UnaryFn.SILU),
            new Op.Binary(Op.BinaryFn.MUL));
    graph.node(new Op.Fused(new Op.Linear(false), then), "f", x, w, r, x).output("y");
    assertArrayEquals(
        new double[] {4 / (1 + Math.exp(-4)), 2 * 1 / (1 + Math.exp(-1))},
        y(Map.of("x", series(2), "r", new double[] {3, 3})),
        1e-15);
  }

  @Test
  void naiveRoundsAfterEveryOperation() {
    var x = graph.input("x", Shape.of(3), DType.F32);
    put("w", Shape.of(1, 3), 1, 1, 1);
    Value row = x.reshape(1, 3);
    graph
        .node(new Op.Linear(false), "sum", row, graph.weight(Param.of("w", Shape.of(1, 3))))
        .output("y");
    var in = Map.of("x", new double[] {0x1p24, 1, 1});
    assertArrayEquals(new double[] {0x1p24 + 2}, y(in));
    assertArrayEquals(
        new double[] {0x1p24},
        Optional.ofNullable(Evaluation.by(Meaning.SINGLE).of(graph, in, weights).get("y"))
            .orElseThrow());
  }

  private double[] y(Map<String, double[]> inputs) {
    return Optional.ofNullable(Evaluation.by(Meaning.EXACT).of(graph, inputs, weights).get("y"))
        .orElseThrow();
  }

  private void put(String name, Shape shape, float... elements) {
    int[] next = {0};
    weights.put(name, shape, DType.F32, () -> elements[next[0]++]);
  }

  private static double[] series(int count) {
    var x = new double[count];
    for (int i = 0; i < count; i++) {
      x[i] = i + 1;
    }
    return x;
  }
}
