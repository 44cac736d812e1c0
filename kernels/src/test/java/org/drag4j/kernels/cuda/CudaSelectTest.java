package org.drag4j.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.UnsupportedOpException;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.trace.Trace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every operation and fusion, compiled to a plan for a driver in Java that runs the kernels' own
 * sources, against the CPU device.
 */
class CudaSelectTest {
  /** Relative L2 norm of the difference to the CPU device. */
  private static final double CLOSE_F32 = 1e-5;

  private static final double CLOSE_F16 = 4e-3;

  /** A graph under construction. */
  private static final class Net {
    private final Graph graph = new Graph(Hook.NONE);
    private final NormalWeights weights = new NormalWeights(0.5f);
    private final Map<String, float[]> inputs = new LinkedHashMap<>();
    private final Map<String, int[]> ids = new LinkedHashMap<>();

    Value x(String name, int... dims) {
      var v = graph.input(name, Shape.of(dims), DType.F32);
      inputs.put(name, NormalWeights.normal(Math.toIntExact(v.shape().size()), 11 + inputs.size()));
      return v;
    }

    Value x(String name, float... values) {
      inputs.put(name, values);
      return graph.input(name, Shape.of(values.length), DType.F32);
    }

    Value ids(String name, int... values) {
      ids.put(name, values);
      return graph.input(name, Shape.of(1, values.length), DType.I32);
    }

    Value w(String name, int... dims) {
      weights.put(name, dims);
      return graph.weight(Param.of(name, Shape.of(dims)));
    }

    Value filter(String name, int o, int kh, int kw, int i) {
      weights.put(name, o, i, kh, kw);
      return graph.weight(Param.filter(name, o, kh, kw, i));
    }

    Value node(Op op, Value... in) {
      return graph.node(op, op.label(), in);
    }

    Value linear(Value x, int n) {
      return node(new Op.Linear(true), x, w("w" + n, n, x.shape().dim(-1)), w("b" + n, n));
    }
  }

  private record Result(Map<String, float[]> outputs, List<String> steps) {}

  /** Names of a plan's kernels, without the casts at its ends. */
  static List<String> kernels(Plan plan) {
    return plan.steps().stream()
        .filter(s -> !(s.node().op() instanceof Op.Cast))
        .map(s -> s.kernel().name())
        .toList();
  }

  private static Result run(Backend backend, Net net) {
    try (var weights = backend.weights(net.weights);
        var plan = Plan.compile(net.graph, backend, weights, PlanOptions.DEFAULT)) {
      net.inputs.forEach((name, x) -> plan.tensor(name).write(x));
      net.ids.forEach((name, x) -> plan.tensor(name).write(x));
      plan.run(Trace.OFF);
      var outputs = new LinkedHashMap<String, float[]>();
      for (var name : net.graph.outputs().keySet()) {
        outputs.put(name, plan.tensor(name).read());
      }
      return new Result(outputs, kernels(plan));
    }
  }

  private static double deviation(float[] expected, float[] got) {
    assertEquals(expected.length, got.length);
    double error = 0;
    double norm = 0;
    for (int i = 0; i < expected.length; i++) {
      error += Math.pow((double) got[i] - expected[i], 2);
      norm += Math.pow(expected[i], 2);
    }
    return Math.sqrt(error / norm);
  }

  /** Steps {@code <op>_<variant>} are expected, or as many as there are. */
  private static void check(DType type, Function<Net, Value> make, String... steps) {
    check(type, type == DType.F16 ? CLOSE_F16 : CLOSE_F32, make, steps);
  }

  private static void check(DType type, double close, Function<Net, Value> make, String... steps) {
    var net = new Net();
    make.apply(net).output("y");
    var driver = ShimCuda.driver();
    Result got;
    try (var backend = ShimCuda.open(driver, type)) {
      got = run(backend, net);
    }
    assertEquals(List.of(), driver.leaks());
    var names = new ArrayList<String>();
    for (var step : steps) {
      var format = type == DType.F16 ? "_f16_" : "_f32_";
      names.add(
          step.replace("_product", format + (type == DType.F16 ? "mma" : "fma"))
              .replace("_@", format)
              .replace("_flash", format + "flash")
              .replace("_gemm", format + "gemm"));
    }
    assertEquals(names, got.steps());
    Result expected;
    try (var cpu = Devices.open("cpu", DeviceOptions.DEFAULT)) {
      expected = run(cpu, net);
    }
    expected
        .outputs()
        .forEach((name, y) -> {
          double d = deviation(y, got.outputs().getOrDefault(name, new float[0]));
          assertTrue(d <= close, () -> name + ": relative L2 " + d);
        });
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void linearLayersWithAndWithoutWhatIsFused(DType type) {
    check(type, n -> n.linear(n.x("x", 2, 5, 24), 16), "linear_product");
    check(
        type,
        n -> n.node(new Op.Linear(false), n.x("x", 3, 21), n.w("w", 13, 21)),
        "linear_product");
    check(
        type,
        n -> n.linear(n.x("x", 2, 5, 24), 70).gelu().plus(n.x("r", 2, 5, 70)),
        "linear_product");
    check(
        type,
        n ->
            n.linear(n.x("x", 2, 5, 24), 9)
                .quickGelu()
                .times(n.w("scale", 9))
                .plus(n.x("t", 2, 1, 9)),
        "linear_product");
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void aFourthStageIsAKernelOfItsOwn(DType type) {
    check(
        type,
        n -> n.linear(n.x("x", 5, 16), 8).silu().times(n.w("m", 8)).plus(n.w("a", 8)).silu(),
        "linear_product",
        "unary_@vec8");
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void convolutionsWithAndWithoutWhatIsFused(DType type) {
    check(
        type,
        n ->
            n.node(
                    new Op.Conv2d(1, 1, 1, true),
                    n.x("x", 2, 7, 5, 8),
                    n.filter("w", 12, 3, 3, 8),
                    n.w("b", 12))
                .plus(n.x("t", 2, 1, 1, 12))
                .plus(n.x("r", 2, 7, 5, 12)),
        "conv2d_product");
    check(
        type,
        n ->
            n.node(
                new Op.Conv2d(1, 0, 0, true),
                n.x("x", 1, 6, 4, 16),
                n.filter("w", 8, 1, 1, 16),
                n.w("b", 8)),
        "conv2d_product");
    check(
        type,
        n -> n.node(new Op.Conv2d(2, 0, 1, false), n.x("x", 1, 8, 6, 5), n.filter("w", 7, 3, 3, 5)),
        "conv2d_product");
    check(
        type,
        n ->
            n.node(
                new Op.Conv2d(2, 1, 1, true),
                n.x("x", 1, 7, 7, 8),
                n.filter("w", 8, 3, 3, 8),
                n.w("b", 8)),
        "conv2d_product");
  }

  private static Value attention(Net n, int heads, int dim, int queries, int keys, boolean causal) {
    int width = heads * dim;
    return n.node(
        new Op.Attention(heads, causal),
        n.x("q", 2, queries, width),
        n.x("k", 2, keys, width),
        n.x("v", 2, keys, width));
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void attentionOfEveryHeadSize(DType type) {
    check(type, n -> attention(n, 2, 40, 9, 13, false), "attention_flash");
    check(type, n -> attention(n, 1, 64, 20, 64, false), "attention_flash");
    check(type, n -> attention(n, 3, 8, 11, 11, true), "attention_flash");
    check(type, n -> attention(n, 1, 160, 5, 7, false), "attention_flash");
    check(type, n -> attention(n, 2, 168, 9, 21, false), "attention_gemm");
    check(type, n -> attention(n, 2, 168, 7, 7, true), "attention_gemm");
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void norms(DType type) {
    check(
        type,
        n -> n.node(new Op.GroupNorm(4, 1e-5f), n.x("x", 2, 5, 7, 16), n.w("s", 16), n.w("b", 16)),
        "group_norm_@slabs");
    check(
        type,
        n ->
            n.node(new Op.GroupNorm(2, 1e-6f), n.x("x", 1, 9, 8, 6), n.w("s", 6), n.w("b", 6))
                .silu(),
        "group_norm_@slabs+silu");
    check(
        type,
        n -> n.node(new Op.LayerNorm(1e-5f), n.x("x", 2, 7, 36), n.w("s", 36), n.w("b", 36)),
        "layer_norm_@warp");
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void elementwiseOperations(DType type) {
    check(type, n -> n.x("x", 3, 37).silu(), "unary_@vec8");
    check(type, n -> n.x("x", 3, 37).gelu(), "unary_@vec8");
    check(type, n -> n.x("x", 3, 37).quickGelu(), "unary_@vec8");
    check(type, n -> n.x("x", 3, 5, 26).geglu(), "geglu_@vec8");
    check(type, n -> n.x("x", 2, 3, 5, 9).plus(n.x("t", 2, 1, 1, 9)), "binary_@vec8");
    check(type, n -> n.x("x", 2, 3, 5, 9).times(n.x("t", 1, 3, 1, 9)), "binary_@vec8");
    check(type, n -> n.x("x", 2, 3, 5, 9).plus(n.x("t", 3, 5, 1)), "binary_@vec8");
    check(type, n -> n.x("x", 2, 7, 9).plus(n.w("p", 1, 7, 9)), "binary_@vec8");
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void operationsThatMoveNumbers(DType type) {
    check(type, n -> n.x("a", 2, 3, 9).concat(n.x("b", 2, 3, 5)), "concat_@vec8");
    check(type, n -> n.x("x", 2, 3, 5, 9).upsample(6, 10), "upsample_@vec8");
    check(type, n -> n.x("x", 1, 3, 5, 8).upsample(7, 8), "upsample_@vec8");
    check(
        type,
        n -> n.node(new Op.Embedding(), n.ids("i", 3, 0, 6, 3), n.w("table", 7, 18)),
        "embedding_@vec8");
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void timestepsAreEmbeddedInBothOrders(DType type) {
    // The CPU device rounds frequencies to F32, as PyTorch does.
    double close = type == DType.F16 ? CLOSE_F16 : 2e-4;
    for (boolean flip : List.of(false, true)) {
      check(
          type,
          close,
          n -> n.node(new Op.TimestepEmbedding(22, flip, flip ? 0 : 1), n.x("t", 981f, 1f, 340f)),
          "timestep_embedding_@scalar");
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void aNetworkWhoseOutputsAreReadWithin(DType type) {
    check(
        type,
        n -> {
          var x = n.x("x", 1, 4, 6, 8);
          var norm =
              n.node(new Op.GroupNorm(4, 1e-5f), x, n.w("s", 8), n.w("b", 8)).silu().output("norm");
          var y =
              n.node(new Op.Conv2d(1, 1, 1, true), norm, n.filter("w", 8, 3, 3, 8), n.w("c", 8))
                  .plus(x)
                  .reshape(1, 24, 8);
          var attended = n.node(new Op.Attention(2, false), y, y, y);
          return n.linear(attended, 32).geglu().concat(y).plus(n.x("r", 1, 24, 24));
        },
        "group_norm_@slabs+silu",
        "conv2d_product",
        "attention_flash",
        "linear_product",
        "geglu_@vec8",
        "concat_@vec8",
        "binary_@vec8");
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void tensorsBoundAnewAreFollowedWhereverTheyLie(DType type) {
    var net = new Net();
    net.linear(net.x("x", 5, 16), 8).output("y");
    try (var backend = ShimCuda.open(type);
        var weights = backend.weights(net.weights);
        var plan = Plan.compile(net.graph, backend, weights, PlanOptions.DEFAULT)) {
      var outputs = new ArrayList<float[]>();
      // A multiple of 16 bytes, and none: other kernels.
      for (long offset : List.of(0L, 64L, 4L)) {
        var x = backend.allocate(1024, "x");
        var y = backend.allocate(1024, "y");
        plan.bind("x", new Tensor(x, offset, Shape.of(5, 16), DType.F32));
        plan.bind("y", new Tensor(y, offset, Shape.of(5, 8), DType.F32));
        plan.tensor("x").write(NormalWeights.normal(80, 3));
        plan.run(Trace.OFF);
        plan.run(Trace.OFF);
        outputs.add(plan.tensor("y").read());
        x.close();
        y.close();
      }
      assertEquals(0, deviation(outputs.get(0), outputs.get(1)));
      assertTrue(deviation(outputs.get(0), outputs.get(2)) < 1e-3);
    }
  }

  /** The same error as on every device, and no number is written. */
  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void anIndexThatTheTableLacksIsRefused(DType type) {
    var net = new Net();
    net.node(new Op.Embedding(), net.ids("i", 3, 0, 6), net.w("table", 7, 18)).output("y");
    try (var backend = ShimCuda.open(type);
        var weights = backend.weights(net.weights);
        var plan = Plan.compile(net.graph, backend, weights, PlanOptions.DEFAULT)) {
      for (int wrong : List.of(7, -1)) {
        plan.tensor("i").write(new int[] {3, wrong, 6});
        plan.tensor("y").write(new float[3 * 18]);
        var e = assertThrows(IllegalArgumentException.class, () -> plan.run(Trace.OFF));
        assertEquals(
            "embedding: expected indices 0 to 6, got " + wrong + " at position 1", e.getMessage());
        assertArrayEquals(new float[3 * 18], plan.tensor("y").read());
      }
      plan.tensor("i").write(new int[] {3, 0, 6});
      plan.run(Trace.OFF);
    }
  }

  /** Nothing can be read back while work is recorded: the device writes NaN instead. */
  @Test
  void anIndexThatTheTableLacksIsNotANumberInARecording() {
    var net = new Net();
    net.node(new Op.Embedding(), net.ids("i", 3, 0, 6), net.w("table", 7, 18)).output("y");
    try (var backend = ShimCuda.open(ShimCuda.driver(), DType.F32);
        var weights = backend.weights(net.weights);
        var plan = Plan.compile(net.graph, backend, weights, PlanOptions.DEFAULT)) {
      plan.tensor("i").write(new int[] {3, 9, 6});
      try (var graph = backend.record(() -> plan.steps().forEach(s -> s.launch().enqueue()))) {
        graph.launch();
        backend.synchronize();
      }
      var y = plan.tensor("y").read();
      assertTrue(Float.isFinite(y[0]) && Float.isNaN(y[18]) && Float.isFinite(y[36]));
    }
  }

  @Test
  void whatNoKernelDoesIsNamedAndForcedVariantsAreObeyed() {
    var net = new Net();
    net.node(new Op.Concat(), net.ids("i", 3, 0), net.ids("j", 6)).output("y");
    try (var backend = ShimCuda.open(DType.F32);
        var weights = backend.weights(net.weights)) {
      var e =
          assertThrows(
              UnsupportedOpException.class,
              () -> Plan.compile(net.graph, backend, weights, PlanOptions.DEFAULT));
      assertTrue(String.valueOf(e.getMessage()).contains("concat"));
      var x = new Net().x("x", 4, 4).silu();
      assertTrue(backend.select(x, KernelOptions.DEFAULT).isPresent());
      var other = new KernelOptions(false, Map.of("unary", "tile"));
      var unknown = assertThrows(DeviceException.class, () -> backend.check(other));
      assertEquals(
          "cuda:0: --kernel unary=tile: expected one of vec8, got tile", unknown.getMessage());
    }
  }
}
