package org.drag4j.report;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.report.ScalarMath.Convolution;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.tensor.WeightSource;

/**
 * A small graph, numbers to put in, and what plain loops in double say must come out. Its one
 * output is {@code y}.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record DeviceCase(
    String name, Graph graph, Map<String, double[]> inputs, WeightSource weights, double[] answer) {
  private static final float EPS = 1e-5f;

  /** What a case is made of, and of what size, is drawn from {@code random}. */
  @FunctionalInterface
  private interface Form {
    double[] build(Draft draft, SplittableRandom random);
  }

  private static final Map<String, Form> FORMS = forms();

  private static Map<String, Form> forms() {
    var forms = new LinkedHashMap<String, Form>();
    forms.put("conv2d 3x3", (d, r) -> d.conv2d(new Convolution(3, 1, 1, 1), r));
    forms.put("conv2d 3x3 stride 2", (d, r) -> d.conv2d(new Convolution(3, 2, 0, 1), r));
    forms.put("conv2d 1x1", (d, r) -> d.conv2d(new Convolution(1, 1, 0, 0), r));
    forms.put("linear", Draft::linear);
    forms.put("group_norm", Draft::groupNorm);
    forms.put("layer_norm", Draft::layerNorm);
    forms.put("attention", (d, r) -> d.attention(r.nextInt(30, 90), 77, false, r));
    forms.put("attention causal", (d, r) -> d.attention(77, 77, true, r));
    forms.put("silu", (d, r) -> d.unary(Op.UnaryFn.SILU, ScalarMath::silu, r));
    forms.put("gelu", (d, r) -> d.unary(Op.UnaryFn.GELU, ScalarMath::gelu, r));
    forms.put("quick_gelu", (d, r) -> d.unary(Op.UnaryFn.QUICK_GELU, ScalarMath::quickGelu, r));
    forms.put("geglu", Draft::geglu);
    forms.put("add", (d, r) -> d.binary(true, r));
    forms.put("mul", (d, r) -> d.binary(false, r));
    forms.put("concat", Draft::concat);
    forms.put("upsample", Draft::upsample);
    forms.put("embedding", Draft::embedding);
    forms.put("timestep_embedding", Draft::timesteps);
    forms.put("resnet block", Draft::block);
    return forms;
  }

  /** Of every operation and the ways networks use it, one. */
  static Set<String> names() {
    return FORMS.keySet();
  }

  /** The case of that name; another seed gives other sizes and numbers. */
  static DeviceCase of(String name, long seed) {
    var random = new SplittableRandom(seed);
    var draft = new Draft(random);
    var form = Optional.ofNullable(FORMS.get(name)).orElseThrow();
    var answer = form.build(draft, random);
    return new DeviceCase(name, draft.graph, draft.inputs, draft.weights, answer);
  }

  /** A case being made. */
  private static final class Draft {
    private final SplittableRandom random;
    private final Graph graph = new Graph(Hook.NONE);
    private final Map<String, double[]> inputs = new LinkedHashMap<>();
    private final Tensors weights = new Tensors();

    Draft(SplittableRandom random) {
      this.random = random;
    }

    private Value input(String name, double mean, int... dims) {
      var shape = Shape.of(dims);
      inputs.put(name, numbers(shape, mean, 1));
      return graph.input(name, shape, DType.F32);
    }

    private double[] of(String name) {
      return Optional.ofNullable(inputs.get(name)).orElseThrow();
    }

    private double[] numbers(Shape shape, double mean, double deviation) {
      return IntStream.range(0, Math.toIntExact(shape.size()))
          .mapToDouble(_ -> (float) (mean + deviation * random.nextGaussian()))
          .toArray();
    }

    /** The node of a weight; its elements are halves. */
    private Value weight(Param param, double mean, double deviation) {
      var stored = param.fileShape();
      var values = numbers(stored, mean, deviation);
      for (int i = 0; i < values.length; i++) {
        values[i] = Float.float16ToFloat(Float.floatToFloat16((float) values[i]));
      }
      weights.put(param.name(), stored, values);
      return graph.weight(param);
    }

    private Value vector(String name, double mean, int size) {
      return weight(Param.of(name, Shape.of(size)), mean, 0.3);
    }

    private Value convolved(Convolution c, Value x, int out, String name) {
      int in = x.shape().dim(3);
      int k = c.kernel();
      var w = weight(Param.filter(name + ".weight", out, k, k, in), 0, 1 / Math.sqrt(in * k * k));
      return graph.node(
          new Op.Conv2d(c.stride(), c.padBefore(), c.padAfter(), true),
          name,
          x,
          w,
          vector(name + ".bias", 0, out));
    }

    private double[] convolved(Convolution c, double[] x, Shape shape, String name) {
      return ScalarMath.conv2d(
          c,
          x,
          shape.dim(0),
          shape.dim(1),
          shape.dim(2),
          weights.values(name + ".weight"),
          weights.values(name + ".bias"));
    }

    double[] conv2d(Convolution c, SplittableRandom r) {
      int in = new int[] {4, 32, 64}[r.nextInt(3)];
      int out = new int[] {4, 32, 40}[r.nextInt(3)];
      var x = input("x", 0, r.nextInt(1, 3), r.nextInt(8, 21), r.nextInt(8, 21), in);
      convolved(c, x, out, "conv").output("y");
      return convolved(c, of("x"), x.shape(), "conv");
    }

    double[] linear(SplittableRandom r) {
      int in = 8 * r.nextInt(4, 24);
      int out = 8 * r.nextInt(4, 24);
      var x = input("x", 0, 1, r.nextInt(1, 80), in);
      var w = weight(Param.of("w", Shape.of(out, in)), 0, 1 / Math.sqrt(in));
      graph.node(new Op.Linear(true), "linear", x, w, vector("b", 0, out)).output("y");
      return ScalarMath.linear(of("x"), in, weights.values("w"), weights.values("b"));
    }

    double[] groupNorm(SplittableRandom r) {
      int n = r.nextInt(1, 3);
      int channels = 32 * r.nextInt(1, 4);
      var x = input("x", 0.5, n, r.nextInt(4, 17), r.nextInt(4, 17), channels);
      norm(new Op.GroupNorm(32, EPS), x, channels).output("y");
      return normed(of("x"), n);
    }

    private Value norm(Op op, Value x, int channels) {
      return graph.node(op, "norm", x, vector("scale", 1, channels), vector("shift", 0, channels));
    }

    private double[] normed(double[] x, int n) {
      return ScalarMath.groupNorm(x, n, 32, EPS, weights.values("scale"), weights.values("shift"));
    }

    double[] layerNorm(SplittableRandom r) {
      int channels = 8 * r.nextInt(4, 24);
      var x = input("x", 0.5, 1, r.nextInt(1, 80), channels);
      norm(new Op.LayerNorm(EPS), x, channels).output("y");
      return ScalarMath.layerNorm(of("x"), EPS, weights.values("scale"), weights.values("shift"));
    }

    double[] attention(int t, int s, boolean causal, SplittableRandom r) {
      int n = r.nextInt(1, 3);
      int heads = r.nextInt(1, 5);
      int channels = heads * new int[] {32, 40, 64}[r.nextInt(3)];
      var q = input("q", 0, n, t, channels);
      var k = input("k", 0, n, s, channels);
      var v = input("v", 0, n, s, channels);
      graph.node(new Op.Attention(heads, causal), "attention", q, k, v).output("y");
      return ScalarMath.attention(of("q"), of("k"), of("v"), n, t, s, heads, causal);
    }

    double[] unary(Op.UnaryFn fn, DoubleUnaryOperator scalar, SplittableRandom r) {
      var x = input("x", 0, 1, r.nextInt(1, 40), r.nextInt(1, 100));
      graph.node(new Op.Unary(fn), "unary", x).output("y");
      return IntStream.range(0, of("x").length)
          .mapToDouble(i -> scalar.applyAsDouble(of("x")[i]))
          .toArray();
    }

    double[] geglu(SplittableRandom r) {
      int channels = 8 * r.nextInt(2, 20);
      input("x", 0, 1, r.nextInt(1, 60), 2 * channels).geglu().output("y");
      return ScalarMath.geglu(of("x"), channels);
    }

    /** The second operand has one row for all. */
    double[] binary(boolean add, SplittableRandom r) {
      int channels = 8 * r.nextInt(2, 20);
      var a = input("a", 0, 1, r.nextInt(2, 60), channels);
      var b = input("b", 0, 1, 1, channels);
      (add ? a.plus(b) : a.times(b)).output("y");
      var x = of("a");
      var row = of("b");
      return IntStream.range(0, x.length)
          .mapToDouble(i -> add ? x[i] + row[i % channels] : x[i] * row[i % channels])
          .toArray();
    }

    double[] concat(SplittableRandom r) {
      int rows = r.nextInt(1, 60);
      int ca = 4 * r.nextInt(1, 20);
      int cb = 4 * r.nextInt(1, 20);
      input("a", 0, 1, rows, ca).concat(input("b", 0, 1, rows, cb)).output("y");
      return ScalarMath.concat(of("a"), ca, of("b"), cb);
    }

    double[] upsample(SplittableRandom r) {
      int h = r.nextInt(3, 9);
      int w = r.nextInt(3, 9);
      input("x", 0, 1, h, w, 4 * r.nextInt(1, 17)).upsample(2 * h, 2 * w).output("y");
      return ScalarMath.upsample(of("x"), h, w, 2 * h, 2 * w);
    }

    double[] embedding(SplittableRandom r) {
      int tokens = r.nextInt(1, 78);
      int channels = 8 * r.nextInt(2, 20);
      int words = 100;
      var ids = IntStream.range(0, tokens).mapToDouble(_ -> random.nextInt(words)).toArray();
      inputs.put("ids", ids);
      var table = weight(Param.of("table", Shape.of(words, channels)), 0, 1);
      graph
          .node(
              new Op.Embedding(),
              "embedding",
              graph.input("ids", Shape.of(1, tokens), DType.I32),
              table)
          .output("y");
      var rows = weights.values("table");
      return IntStream.range(0, tokens * channels)
          .mapToDouble(i -> rows[((int) ids[i / channels]) * channels + i % channels])
          .toArray();
    }

    double[] timesteps(SplittableRandom r) {
      int n = r.nextInt(1, 5);
      var t = IntStream.range(0, n).mapToDouble(_ -> random.nextInt(1000)).toArray();
      inputs.put("t", t);
      graph
          .node(
              new Op.TimestepEmbedding(320, true, 0),
              "time",
              graph.input("t", Shape.of(n), DType.F32))
          .output("y");
      return ScalarMath.timesteps(t, 320);
    }

    /** What plans fuse: a norm with its activation, a convolution with a sum. */
    double[] block(SplittableRandom r) {
      int n = r.nextInt(1, 3);
      int channels = 32 * r.nextInt(1, 3);
      var x = input("x", 0.5, n, r.nextInt(8, 17), r.nextInt(8, 17), channels);
      var c = new Convolution(3, 1, 1, 1);
      var inner = norm(new Op.GroupNorm(32, EPS), x, channels).silu();
      convolved(c, inner, channels, "conv").plus(x).output("y");
      var h = normed(of("x"), n);
      for (int i = 0; i < h.length; i++) {
        h[i] = ScalarMath.silu(h[i]);
      }
      var y = convolved(c, h, x.shape(), "conv");
      for (int i = 0; i < y.length; i++) {
        y[i] += of("x")[i];
      }
      return y;
    }
  }

  /** A checkpoint in memory, of halves. */
  private static final class Tensors implements WeightSource {
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Stored(Shape shape, double[] values) {}

    private final Map<String, Stored> tensors = new LinkedHashMap<>();

    void put(String name, Shape shape, double[] values) {
      tensors.put(name, new Stored(shape, values));
    }

    double[] values(String name) {
      return stored(name).values();
    }

    private Stored stored(String name) {
      var stored = tensors.get(name);
      if (stored == null) {
        throw new WeightMismatchException(name + ": expected a tensor of that name, got none");
      }
      return stored;
    }

    @Override
    public String origin() {
      return "doctor";
    }

    @Override
    public Set<String> names() {
      return tensors.keySet();
    }

    @Override
    public Optional<Entry> entry(String name) {
      return Optional.ofNullable(tensors.get(name)).map(s -> new Entry(s.shape(), DType.F16));
    }

    @Override
    public MemorySegment bytes(String name, Arena arena) {
      var values = values(name);
      var halves = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
      for (double v : values) {
        halves.putShort(Float.floatToFloat16((float) v));
      }
      return arena
          .allocate(2L * values.length, 64)
          .copyFrom(MemorySegment.ofBuffer(halves.flip()))
          .asReadOnly();
    }
  }
}
