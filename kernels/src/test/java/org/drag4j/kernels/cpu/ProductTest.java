package org.drag4j.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.DoubleUnaryOperator;
import org.drag4j.device.KernelOptions;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.reference.Meaning;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.trace.Trace;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Linear layers, convolutions and embeddings against loops in double precision. */
final class ProductTest {
  private static final List<DType> FLOATS = List.of(DType.F32, DType.F16, DType.BF16, DType.F64);

  /** Both families of kernels. */
  static List<Integer> widths() {
    return List.of(0, VectorWidth.ofThisProcessor());
  }

  /**
   * Runs a graph with output {@code y} on inputs {@code x} and, in order, {@code e0}, {@code e1}.
   */
  private static float[] run(
      Graph g, TestWeights weights, int threads, int bits, int steps, float[]... inputs) {
    try (var backend = new CpuBackend(threads, bits);
        var packed = backend.weights(weights);
        var plan = Plan.compile(g, backend, packed, PlanOptions.DEFAULT)) {
      assertEquals(steps, plan.steps().size(), plan.steps().toString());
      // Whatever other steps may leave in results and scratch memory.
      var stale = new float[Math.toIntExact(plan.slabBytes() / Float.BYTES)];
      Arrays.fill(stale, Float.NaN);
      plan.tensor("x").memory().write(0, MemorySegment.ofArray(stale));
      plan.tensor("x").write(inputs[0]);
      for (int i = 1; i < inputs.length; i++) {
        plan.tensor("e" + (i - 1)).write(inputs[i]);
      }
      plan.run(Trace.OFF);
      float[] first = plan.tensor("y").read();
      plan.run(Trace.OFF);
      assertArrayEquals(first, plan.tensor("y").read(), "a second run");
      return first;
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void linearLayersOfAnyShapeAndType(int bits) {
    int[][] shapes = {
      {1, 1, 1},
      {1, 37, 130},
      {2, 5, 3},
      {3, 64, 64},
      {5, 600, 65},
      {7, 17, 4},
      {77, 31, 100},
      {520, 12, 20},
      {4, 1031, 80},
    };
    for (var s : shapes) {
      for (var dtype : FLOATS) {
        for (boolean bias : new boolean[] {false, true}) {
          int rows = s[0];
          int inner = s[1];
          int columns = s[2];
          var weights = new TestWeights(dtype);
          weights.put("w", Shape.of(columns, inner));
          weights.put("b", Shape.of(columns));
          var g = new Graph(Hook.NONE);
          var x = g.input("x", Shape.of(1, rows, inner), DType.F32);
          var product = linear(g, x, columns, bias).output("y");
          float[] in = Sums.normal(rows * inner, 11);
          float[] y = run(g, weights, 2, bits, 1, in);
          assertAll(
              Sums.of(product, in, weights), y, Arrays.toString(s) + " " + dtype + " bias " + bias);
        }
      }
    }
  }

  private static Value linear(Graph g, Value x, int columns, boolean bias) {
    var w = g.weight(Param.of("w", Shape.of(columns, x.shape().dim(-1))));
    return bias
        ? g.node(new Op.Linear(true), "p", x, w, g.weight(Param.of("b", Shape.of(columns))))
        : g.node(new Op.Linear(false), "p", x, w);
  }

  private static void assertAll(Sums.Sum[] expected, float[] got, String where) {
    assertEquals(expected.length, got.length, where);
    for (int i = 0; i < got.length; i++) {
      Sums.assertClose(expected[i], got[i], where + " at " + i);
    }
  }

  /** A convolution: pictures, height, width, in, out, kernel height and width, stride, padding. */
  private record Conv(int n, int h, int w, int in, int out, int kh, int kw, int s, int pb, int pa) {
    int outHeight() {
      return (h + pb + pa - kh) / s + 1;
    }

    int outWidth() {
      return (w + pb + pa - kw) / s + 1;
    }

    float[] input() {
      return Sums.normal(n * h * w * in, 12);
    }

    Graph graph(boolean bias) {
      var g = new Graph(Hook.NONE);
      node(g, bias).output("y");
      return g;
    }

    Value node(Graph g, boolean bias) {
      var x = g.input("x", Shape.of(n, h, w, in), DType.F32);
      var weight = g.weight(Param.filter("w", out, kh, kw, in));
      var op = new Op.Conv2d(s, pb, pa, bias);
      return bias
          ? g.node(op, "p", x, weight, g.weight(Param.of("b", Shape.of(out))))
          : g.node(op, "p", x, weight);
    }

    Sums.Sum[] expected(TestWeights weights, boolean bias) {
      return Sums.of(node(new Graph(Hook.NONE), bias), input(), weights);
    }
  }

  private static final List<Conv> CONVOLUTIONS =
      List.of(
          new Conv(1, 1, 1, 1, 1, 1, 1, 1, 0, 0),
          new Conv(2, 5, 3, 7, 11, 1, 1, 1, 0, 0),
          new Conv(1, 6, 4, 5, 3, 1, 1, 2, 0, 0),
          new Conv(3, 7, 5, 3, 4, 3, 3, 1, 1, 1),
          new Conv(2, 8, 6, 13, 67, 3, 3, 1, 1, 1),
          new Conv(1, 9, 4, 64, 64, 3, 3, 1, 1, 1),
          new Conv(3, 8, 6, 5, 17, 3, 3, 2, 0, 1),
          new Conv(1, 7, 9, 4, 320, 3, 3, 2, 1, 1),
          new Conv(2, 6, 5, 3, 20, 2, 2, 1, 0, 0),
          new Conv(1, 10, 11, 2, 6, 5, 3, 3, 2, 1),
          new Conv(1, 24, 25, 3, 4, 3, 3, 1, 1, 1),
          new Conv(1, 3, 4, 401, 5, 3, 3, 1, 1, 1));

  @ParameterizedTest
  @MethodSource("widths")
  void convolutionsOfAnyShapeAndType(int bits) {
    for (var c : CONVOLUTIONS) {
      for (var dtype : FLOATS) {
        var weights = new TestWeights(dtype);
        weights.put("w", Shape.of(c.out(), c.in(), c.kh(), c.kw()));
        weights.put("b", Shape.of(c.out()));
        boolean bias = dtype != DType.F32;
        float[] y = run(c.graph(bias), weights, 2, bits, 1, c.input());
        assertAll(c.expected(weights, bias), y, c + " " + dtype);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void resultsDoNotDependOnTheNumberOfThreads(int bits) {
    var c = new Conv(1, 33, 31, 37, 200, 3, 3, 1, 1, 1);
    var weights = new TestWeights(DType.F16);
    weights.put("w", Shape.of(200, 37, 3, 3));
    weights.put("b", Shape.of(200));
    float[] one = run(c.graph(true), weights, 1, bits, 1, c.input());
    for (int threads : new int[] {2, 3, 7}) {
      assertArrayEquals(one, run(c.graph(true), weights, threads, bits, 1, c.input()));
    }
  }

  private static double silu(double x) {
    return Meaning.EXACT.unary(Op.UnaryFn.SILU, x);
  }

  /** Stages on a convolution's result, of float sums that {@code then} carries on in double. */
  @ParameterizedTest
  @MethodSource("widths")
  void stagesOfFusedOperations(int bits) {
    var c = new Conv(2, 5, 4, 6, 70, 3, 3, 1, 1, 1);
    int pixels = 5 * 4;
    var shape = Shape.of(2, 5, 4, 70);
    fused(bits, c, List.of(), (_, v) -> v.silu(), ProductTest::silu, (_, _) -> 0, false);
    // The operand's row for a pixel p of picture n, by the shape of the operand.
    operand(bits, c, shape, (n, p) -> n * pixels + p);
    operand(bits, c, Shape.of(2, 1, 1, 70), (n, _) -> n);
    operand(bits, c, Shape.of(1, 5, 4, 70), (_, p) -> p);
    operand(bits, c, Shape.of(5, 4, 70), (_, p) -> p);
    operand(bits, c, Shape.of(1, 5, 1, 70), (_, p) -> p / 4);
    operand(bits, c, Shape.of(4, 70), (_, p) -> p % 4);
    operand(bits, c, Shape.of(70), (_, _) -> 0);
  }

  private static void operand(
      int bits, Conv c, Shape shape, BiFunction<Integer, Integer, Integer> row) {
    fused(bits, c, List.of(shape), (e, v) -> v.plus(e.get(0)), x -> x, row, false);
    fused(bits, c, List.of(shape), (e, v) -> v.times(e.get(0)), x -> x, row, true);
    fused(
        bits, c, List.of(shape), (e, v) -> v.silu().plus(e.get(0)), ProductTest::silu, row, false);
  }

  private static void fused(
      int bits,
      Conv c,
      List<Shape> operands,
      BiFunction<List<Value>, Value, Value> then,
      DoubleUnaryOperator fn,
      BiFunction<Integer, Integer, Integer> row,
      boolean product) {
    var weights = new TestWeights(DType.F16);
    weights.put("w", Shape.of(c.out(), c.in(), c.kh(), c.kw()));
    weights.put("b", Shape.of(c.out()));
    var g = new Graph(Hook.NONE);
    var e = new ArrayList<Value>();
    for (int i = 0; i < operands.size(); i++) {
      e.add(g.input("e" + i, operands.get(i), DType.F32));
    }
    then.apply(e, c.node(g, true)).output("y");
    float[] extra =
        operands.isEmpty()
            ? new float[0]
            : Sums.normal(Math.toIntExact(operands.get(0).size()), 13);
    float[] y =
        operands.isEmpty()
            ? run(g, weights, 3, bits, 1, c.input())
            : run(g, weights, 3, bits, 1, c.input(), extra);
    var sums = c.expected(weights, true);
    int pixels = c.outHeight() * c.outWidth();
    for (int i = 0; i < y.length; i++) {
      int r = i / c.out();
      double expected = fn.applyAsDouble(sums[i].value());
      if (!operands.isEmpty()) {
        double other = extra[row.apply(r / pixels, r % pixels) * c.out() + i % c.out()];
        expected = product ? expected * other : expected + other;
      }
      assertEquals(expected, y[i], 3e-5, operands + " at " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void aWeightAsOperandOfAStage(int bits) {
    var weights = new TestWeights(DType.BF16);
    weights.put("w", Shape.of(18, 6));
    double[] position = weights.put("position", Shape.of(5, 18));
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(2, 5, 6), DType.F32);
    var product = linear(g, x, 18, false);
    product.plus(g.weight(Param.of("position", Shape.of(5, 18)))).output("y");
    float[] in = Sums.normal(60, 14);
    float[] y = run(g, weights, 2, bits, 1, in);
    var sums = Sums.of(product, in, weights);
    for (int i = 0; i < y.length; i++) {
      Sums.assertClose(sums[i].plus(position[i % 90]), y[i], "at " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void stagesWithOtherOperandsAreNotFused(int bits) {
    try (var backend = new CpuBackend(1, bits)) {
      for (var shape :
          List.of(Shape.of(2, 5, 4, 1), Shape.of(2, 1, 4, 70), Shape.of(1), Shape.of(1, 1, 4, 1))) {
        var g = new Graph(Hook.NONE);
        var x = g.input("x", Shape.of(2, 5, 4, 6), DType.F32);
        var e = g.input("e", shape, DType.F32);
        var op = new Op.Fused(new Op.Linear(false), List.of(new Op.Binary(Op.BinaryFn.ADD)));
        var node = g.node(op, "p", x, g.weight(Param.of("w", Shape.of(70, 6))), e);
        assertTrue(backend.select(node, KernelOptions.DEFAULT).isEmpty(), shape.toString());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void aForcedVariantThatThereIsNotIsNoKernel(int bits) {
    try (var backend = new CpuBackend(1, bits)) {
      var conv = new Conv(1, 4, 4, 3, 5, 3, 3, 1, 1, 1).node(new Graph(Hook.NONE), true);
      var forced = new KernelOptions(false, Map.of("conv2d", "direct"));
      assertTrue(
          backend.select(conv, forced).orElseThrow().name().startsWith("conv2d_f32_direct_"));
      var missing = new KernelOptions(false, Map.of("conv2d", "fourier", "linear", "sparse"));
      assertTrue(backend.select(conv, missing).isEmpty());
      var g = new Graph(Hook.NONE);
      var line = linear(g, g.input("x", Shape.of(1, 2, 3), DType.F32), 4, true);
      assertTrue(backend.select(line, missing).isEmpty());
      assertTrue(backend.select(line, forced).isPresent());
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void inputsAndOutputsMayMoveAndNothingElseIsWritten(int bits) {
    var weights = new TestWeights(DType.F16);
    weights.put("w", Shape.of(67, 9));
    weights.put("b", Shape.of(67));
    var g = new Graph(Hook.NONE);
    var product = linear(g, g.input("x", Shape.of(1, 11, 9), DType.F32), 67, true).output("y");
    try (var backend = new CpuBackend(2, bits);
        var packed = backend.weights(weights);
        var plan = Plan.compile(g, backend, packed, PlanOptions.DEFAULT);
        var memory = backend.allocate(4L * 4096, "test")) {
      for (int shift : new int[] {0, 17}) {
        float[] in = Sums.normal(99, 15 + shift);
        float[] all = new float[4096];
        Arrays.fill(all, 1234.5f);
        System.arraycopy(in, 0, all, 5 + shift, 99);
        var slab = new Tensor(memory, 0, Shape.of(4096), DType.F32);
        slab.write(all);
        int out = 1000 + shift;
        plan.bind("x", new Tensor(memory, 4L * (5 + shift), Shape.of(1, 11, 9), DType.F32));
        plan.bind("y", new Tensor(memory, 4L * out, Shape.of(1, 11, 67), DType.F32));
        plan.run(Trace.OFF);
        float[] after = slab.read();
        assertAll(
            Sums.of(product, in, weights),
            Arrays.copyOfRange(after, out, out + 11 * 67),
            "at " + out);
        System.arraycopy(after, out, all, out, 11 * 67);
        assertArrayEquals(all, after);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "F16", "BF16", "F64"})
  void embeddingsAreRowsOfTheTable(DType dtype) {
    var weights = new TestWeights(dtype);
    double[] table = weights.put("t", Shape.of(13, 7));
    var g = new Graph(Hook.NONE);
    var ids = g.input("x", Shape.of(2, 3), DType.I32);
    g.node(new Op.Embedding(), "token_embedding", ids, g.weight(Param.of("t", Shape.of(13, 7))))
        .output("y");
    try (var backend = new CpuBackend(1, 0);
        var packed = backend.weights(weights);
        var plan = Plan.compile(g, backend, packed, PlanOptions.DEFAULT)) {
      int[] rows = {0, 12, 5, 5, 1, 11};
      plan.tensor("x").write(rows);
      plan.run(Trace.OFF);
      float[] y = plan.tensor("y").read();
      for (int i = 0; i < y.length; i++) {
        assertEquals((float) table[rows[i / 7] * 7 + i % 7], y[i]);
      }
      for (int wrong : new int[] {13, -1, Integer.MIN_VALUE, 0x7fc00000}) {
        plan.tensor("x").write(new int[] {0, 1, 2, 3, wrong, 4});
        var e = assertThrows(IllegalArgumentException.class, () -> plan.run(Trace.OFF));
        assertEquals(
            "token_embedding: expected indices 0 to 12, got " + wrong + " at position 4",
            e.getMessage());
        assertArrayEquals(y, plan.tensor("y").read(), "nothing is written");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void weightsAreHeldOnceInTheirOwnPrecision(int bits) {
    for (var dtype : FLOATS) {
      var weights = new TestWeights(dtype);
      weights.put("w", Shape.of(128, 30));
      weights.put("b", Shape.of(128));
      try (var backend = new CpuBackend(1, bits)) {
        var packed = backend.weights(weights);
        assertEquals(0, packed.byteSize());
        for (int rows : new int[] {1, 50}) {
          var g = new Graph(Hook.NONE);
          linear(g, g.input("x", Shape.of(1, rows, 30), DType.F32), 128, true).output("y");
          try (var _ = Plan.compile(g, backend, packed, PlanOptions.DEFAULT)) {
            int each = Math.min(dtype.bytes(), 4);
            assertEquals(128L * 30 * each + 128L * 4, packed.byteSize());
          }
        }
        packed.close();
        assertEquals(0, packed.byteSize());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("widths")
  void weightsThatDoNotFitAreNamed(int bits) {
    var missing = new TestWeights(DType.F16);
    missing.put("w", Shape.of(4, 3));
    var small = new TestWeights(DType.F16);
    small.put("w", Shape.of(4, 2));
    small.put("b", Shape.of(4));
    var whole = new TestWeights(DType.I32);
    whole.put("w", Shape.of(4, 3));
    whole.put("b", Shape.of(4));
    assertEquals(
        "test: b: expected [4], got no tensor of that name; check that config.json and weights"
            + " belong together",
        refused(missing, bits));
    assertTrue(refused(small, bits).startsWith("test: w: expected [4, 3], got [4, 2]"));
    assertTrue(refused(whole, bits).startsWith("test: w: expected F16, BF16, F32 or F64, got I32"));
  }

  private static String refused(TestWeights weights, int bits) {
    var g = new Graph(Hook.NONE);
    linear(g, g.input("x", Shape.of(1, 2, 3), DType.F32), 4, true).output("y");
    try (var backend = new CpuBackend(1, bits);
        var packed = backend.weights(weights)) {
      var e =
          assertThrows(
              WeightMismatchException.class,
              () -> Plan.compile(g, backend, packed, PlanOptions.DEFAULT));
      return String.valueOf(e.getMessage());
    }
  }
}
