package org.drag4j.reference;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Port;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.tensor.WeightSource;
import org.drag4j.tensor.Weights;

/** A graph being built together with random inputs and weights; a seed gives the same always. */
public final class CaseGraph {
  private final SplittableRandom random;
  private final DType weightType;
  private Graph graph = new Graph(Hook.NONE);
  private final MapWeights weights = new MapWeights();
  private final SequencedMap<String, Input> inputs = new LinkedHashMap<>();
  private int layers;

  private record Input(Shape shape, IntToDoubleFunction element) {
    double[] all() {
      return IntStream.range(0, Math.toIntExact(shape.size())).mapToDouble(element).toArray();
    }
  }

  /** An empty graph; {@code weightType} is what {@link #weights()} will hold. */
  public CaseGraph(long seed, DType weightType) {
    this.random = new SplittableRandom(seed);
    this.weightType = weightType;
  }

  /**
   * One node of a network by itself, with its own inputs and weights of the checkpoint's types, and
   * without what was fused after it; inputs and output are bound. Its numbers mean nothing: what it
   * costs to make them does not count, nor do they take room. The output is {@code y}.
   */
  public static CaseGraph of(Value node, WeightSource checkpoint) {
    var g = new CaseGraph(0, DType.F32);
    var body = node.op().body();
    var in = new Value[body.arity()];
    for (int i = 0; i < in.length; i++) {
      var v = node.in(i);
      if (v.op() instanceof Op.Weight(var param)) {
        var entry = checkpoint.require(param);
        int[] next = {0};
        // No two rows are the same; exact in every type.
        g.weights.put(
            param.name(), entry.shape(), entry.dtype(), () -> (64 + next[0]++ % 61) / 4096.0);
        in[i] = g.graph.weight(param);
      } else {
        g.inputs.put("x" + i, new Input(v.shape(), at -> (at % 255 - 127) / 128.0));
        in[i] = g.graph.input("x" + i, v.shape(), v.dtype(), Port.BOUND);
      }
    }
    g.graph.node(body, node.path(), in).output("y", Port.BOUND);
    return g;
  }

  public Graph graph() {
    return graph;
  }

  public MapWeights weights() {
    return weights;
  }

  /** The inputs' elements, each a float or an int exactly. */
  public SequencedMap<String, double[]> inputs() {
    var all = new LinkedHashMap<String, double[]>();
    inputs.forEach((name, input) -> all.put(name, input.all()));
    return all;
  }

  /**
   * Sets a tensor of a plan to an input's elements.
   *
   * @param to F32, F16 or I32
   */
  public void write(String name, Tensor to) {
    var element = Optional.ofNullable(inputs.get(name)).orElseThrow().element();
    int count = Math.toIntExact(to.shape().size());
    switch (to.dtype()) {
      case I32 ->
          to.write(IntStream.range(0, count).map(i -> (int) element.applyAsDouble(i)).toArray());
      case F32 -> {
        var x = new float[count];
        for (int i = 0; i < count; i++) {
          x[i] = (float) element.applyAsDouble(i);
        }
        to.write(x);
      }
      case F16 -> {
        var x = new short[count];
        for (int i = 0; i < count; i++) {
          x[i] = Float.floatToFloat16((float) element.applyAsDouble(i));
        }
        to.memory().write(to.offset(), MemorySegment.ofArray(x));
      }
      case BF16, U8, F64, I64 ->
          throw new IllegalArgumentException(
              name + ": expected F32, F16 or I32 to write to, got " + to.dtype());
    }
  }

  /** Builds a network whose inputs and outputs go through a multiplication by 1. */
  public void between(Consumer<CaseGraph> network) {
    network.accept(this);
    var from = graph;
    graph = new Graph(Hook.NONE);
    var one = input("one", () -> 1, 1);
    var done = new HashMap<Value, Value>();
    for (var v : from.live()) {
      var again = graph.copy(v, done::get);
      boolean given = v.op() instanceof Op.Input && v.dtype() == DType.F32;
      done.put(v, given ? again.times(one) : again);
    }
    from.outputs()
        .forEach((name, v) -> Objects.requireNonNull(done.get(v)).times(one).output(name));
  }

  /** Normal numbers. */
  public Value input(String name, int... dims) {
    return input(name, random::nextGaussian, dims);
  }

  /** Elements from {@code next}, rounded to float. */
  public Value input(String name, DoubleSupplier next, int... dims) {
    return input(name, next, DType.F32, Shape.of(dims));
  }

  /** Integers below {@code bound}. */
  public Value ids(String name, int bound, int... dims) {
    return input(name, () -> random.nextInt(bound), DType.I32, Shape.of(dims));
  }

  private Value input(String name, DoubleSupplier next, DType dtype, Shape shape) {
    var x = new float[Math.toIntExact(shape.size())];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) next.getAsDouble();
    }
    inputs.put(name, new Input(shape, i -> x[i]));
    return graph.input(name, shape, dtype);
  }

  /** A whole number from {@code from} up, below {@code bound}. */
  public int whole(int from, int bound) {
    return random.nextInt(from, bound);
  }

  /** A number out of a list. */
  public int choice(int... choices) {
    return choices[random.nextInt(choices.length)];
  }

  /** Uniform numbers. */
  public DoubleSupplier uniform(double from, double to) {
    return () -> random.nextDouble(from, to);
  }

  /** Normal numbers. */
  public DoubleSupplier normal(double mean, double deviation) {
    return () -> mean + deviation * random.nextGaussian();
  }

  /** Numbers out of a list. */
  public DoubleSupplier oneOf(double... choices) {
    return () -> choices[random.nextInt(choices.length)];
  }

  /** A layer's weight, its variance 1 / fan-in. */
  private void fanIn(String name, int... dims) {
    var shape = Shape.of(dims);
    double bound = Math.sqrt(3.0 * dims[0] / shape.size());
    weights.put(name, shape, weightType, uniform(-bound, bound));
  }

  /** A convolution with random weights. */
  public Value conv2d(
      Value x, int out, int kernel, int stride, int before, int after, boolean bias) {
    var path = "conv" + layers++;
    int in = x.shape().dim(3);
    fanIn(path + ".weight", out, in, kernel, kernel);
    var op = new Op.Conv2d(stride, before, after, bias);
    var w = graph.weight(Param.filter(path + ".weight", out, kernel, kernel, in));
    return bias
        ? graph.node(op, path, x, w, vector(path + ".bias", out, normal(0, 0.5)))
        : graph.node(op, path, x, w);
  }

  /** A convolution of stride 1 that keeps the size. */
  public Value conv2d(Value x, int out, int kernel) {
    return conv2d(x, out, kernel, 1, kernel / 2, kernel / 2, true);
  }

  /** A linear layer with random weights. */
  public Value linear(Value x, int out, boolean bias) {
    var path = "linear" + layers++;
    int in = x.shape().dim(-1);
    fanIn(path + ".weight", out, in);
    var w = graph.weight(Param.of(path + ".weight", Shape.of(out, in)));
    return bias
        ? graph.node(new Op.Linear(true), path, x, w, vector(path + ".bias", out, normal(0, 0.5)))
        : graph.node(new Op.Linear(false), path, x, w);
  }

  /** A normalisation over groups with random scale and shift. */
  public Value groupNorm(Value x, int groups, float eps) {
    return norm(new Op.GroupNorm(groups, eps), x);
  }

  /** A normalisation over the last dimension with random scale and shift. */
  public Value layerNorm(Value x, float eps) {
    return norm(new Op.LayerNorm(eps), x);
  }

  private Value norm(Op op, Value x) {
    var path = "norm" + layers++;
    int channels = x.shape().dim(-1);
    var scale = vector(path + ".weight", channels, normal(1, 0.2));
    return graph.node(op, path, x, scale, vector(path + ".bias", channels, normal(0, 0.2)));
  }

  /** A tensor of the checkpoint of rank 1 or 2. */
  public Value vector(String name, int size, DoubleSupplier elements) {
    return table(name, elements, size);
  }

  /** A tensor of the checkpoint, in the layout it has there. */
  public Value table(String name, DoubleSupplier elements, int... dims) {
    weights.put(name, Shape.of(dims), weightType, elements);
    return graph.weight(Param.of(name, Shape.of(dims)));
  }

  /** Attention on given queries, keys and values. */
  public Value attention(Value q, Value k, Value v, int heads, boolean causal) {
    return graph.node(new Op.Attention(heads, causal), "attention", q, k, v);
  }

  /** An operation without weights. */
  public Value node(Op op, Value... in) {
    return graph.node(op, op.label(), in);
  }

  /**
   * Puts what a layer of the library loads into the checkpoint, then returns it seen from there.
   */
  public Weights checkpoint(String prefix, Map<String, Shape> tensors) {
    tensors.forEach((name, shape) -> {
      boolean scale = shape.rank() == 1 && name.endsWith("weight");
      double bound = shape.rank() == 1 ? 0.2 : Math.sqrt(3.0 * shape.dim(0) / shape.size());
      weights.put(
          prefix + "." + name, shape, weightType, scale ? normal(1, 0.2) : uniform(-bound, bound));
    });
    return Weights.of(weights).at(prefix);
  }
}
