package org.drag4j.reference;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Function;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.layer.Attention;
import org.drag4j.layer.ResnetBlock2D;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;

/** The small graphs by which devices are tried, measured and compared. */
public final class OpCases {
  /** Seed of the odd shapes. */
  private static final long SEED = 20240711;

  private static final int ODD_SHAPES = 150;
  private static final int[] CHANNELS = {1, 2, 3, 4, 5, 7, 8, 11, 13, 16, 17, 24, 31, 37, 67, 101};
  private static final DType[] TYPES = {DType.F16, DType.BF16, DType.F32};

  private static final float EPS = 1e-5f;

  private final List<OpCase> cases = new ArrayList<>();

  private OpCases() {}

  /**
   * All cases, their names unique: Stable Diffusion's shapes with few pixels, those of {@link
   * #drawn}, odd shapes from a seed.
   */
  public static List<OpCase> all() {
    var c = new OpCases();
    c.convolutions();
    c.linears();
    c.computedWeights();
    c.casts();
    c.attentions();
    c.norms();
    c.elementwise();
    c.moves();
    c.embeddings();
    c.fusions();
    c.blocks();
    c.cases.addAll(drawn(SEED));
    c.cases.add(everyOp());
    var random = new SplittableRandom(SEED);
    for (int i = 0; i < ODD_SHAPES; i++) {
      c.odd(i, random.split());
    }
    return List.copyOf(c.cases);
  }

  private void add(String row, DType type, String name, Consumer<CaseGraph> network) {
    var full = name + " " + type;
    cases.add(new OpCase(full, row, full.hashCode(), type, network));
  }

  /**
   * Of every operation and the ways networks use it, one, in sizes that suit fast kernels; another
   * seed gives other sizes and numbers under the same names. Each has one output, {@code y}.
   */
  public static List<OpCase> drawn(long seed) {
    var c = new OpCases();
    c.drawn("conv2d 3x3", "conv2d 3x3", seed, g -> conv2d(g, 3, 1, 1, 1));
    c.drawn("conv2d 3x3 stride 2", "conv2d stride 2", seed, g -> conv2d(g, 3, 2, 0, 1));
    c.drawn("conv2d 1x1", "conv2d 1x1", seed, g -> conv2d(g, 1, 1, 0, 0));
    c.drawn(
        "linear",
        "linear",
        seed,
        g -> g.linear(g.input("x", 1, g.whole(1, 80), wide(g)), wide(g), true));
    c.drawn("group_norm", "group_norm", seed, g -> g.groupNorm(picture(g, 4, 17), 32, EPS));
    c.drawn(
        "layer_norm",
        "layer_norm",
        seed,
        g -> g.layerNorm(g.input("x", g.normal(0.5, 1), 1, g.whole(1, 80), wide(g)), EPS));
    c.drawn("attention", "attention", seed, g -> attention(g, g.whole(30, 90), 77, false));
    c.drawn("attention causal", "attention causal", seed, g -> attention(g, 77, 77, true));
    for (var fn : Op.UnaryFn.values()) {
      c.drawn(
          fn.name().toLowerCase(Locale.ROOT),
          "unary " + fn,
          seed,
          g -> g.node(new Op.Unary(fn), g.input("x", 1, g.whole(1, 40), g.whole(1, 100))));
    }
    c.drawn(
        "geglu", "geglu", seed, g -> g.input("x", 1, g.whole(1, 60), 16 * g.whole(2, 20)).geglu());
    for (var fn : Op.BinaryFn.values()) {
      c.drawn(
          fn.name().toLowerCase(Locale.ROOT),
          "binary channel",
          seed,
          g -> {
            int channels = 8 * g.whole(2, 20);
            var a = g.input("a", 1, g.whole(2, 60), channels);
            return g.node(new Op.Binary(fn), a, g.input("b", 1, 1, channels));
          });
    }
    c.drawn(
        "concat",
        "concat",
        seed,
        g -> {
          int rows = g.whole(1, 60);
          var a = g.input("a", 1, rows, 4 * g.whole(1, 20));
          return a.concat(g.input("b", 1, rows, 4 * g.whole(1, 20)));
        });
    c.drawn(
        "upsample",
        "upsample",
        seed,
        g -> {
          int h = g.whole(3, 9);
          int w = g.whole(3, 9);
          return g.input("x", 1, h, w, 4 * g.whole(1, 17)).upsample(2 * h, 2 * w);
        });
    c.drawn(
        "embedding",
        "embedding",
        seed,
        g -> {
          var table = g.table("table", g.normal(0, 1), 100, 8 * g.whole(2, 20));
          return g.node(new Op.Embedding(), g.ids("ids", 100, 1, g.whole(1, 78)), table);
        });
    c.drawn(
        "timestep_embedding",
        "timestep_embedding",
        seed,
        g ->
            g.node(
                new Op.TimestepEmbedding(320, true, 0),
                g.input("t", () -> g.whole(0, 1000), g.whole(1, 5))));
    c.drawn(
        "cast",
        "cast",
        seed,
        g -> g.input("x", 1, g.whole(1, 40), g.whole(1, 100)).cast(DType.F16).cast(DType.F32));
    c.drawn(
        "resnet block",
        "block",
        seed,
        g -> {
          var x = picture(g, 8, 17);
          return g.conv2d(g.groupNorm(x, 32, EPS).silu(), x.shape().dim(3), 3).plus(x);
        });
    return List.copyOf(c.cases);
  }

  private void drawn(String name, String row, long seed, Function<CaseGraph, Value> network) {
    cases.add(new OpCase(name, row, seed, DType.F16, g -> network.apply(g).output("y")));
  }

  private static int wide(CaseGraph g) {
    return 8 * g.whole(4, 24);
  }

  private static Value picture(CaseGraph g, int from, int bound) {
    int n = g.whole(1, 3);
    int channels = 32 * g.whole(1, 3);
    return g.input("x", g.normal(0.5, 1), n, g.whole(from, bound), g.whole(from, bound), channels);
  }

  private static Value conv2d(CaseGraph g, int kernel, int stride, int before, int after) {
    int in = g.choice(4, 32, 64);
    var x = g.input("x", g.whole(1, 3), g.whole(8, 21), g.whole(8, 21), in);
    return g.conv2d(x, g.choice(4, 32, 40), kernel, stride, before, after, true);
  }

  private static Value attention(CaseGraph g, int queries, int keys, boolean causal) {
    int n = g.whole(1, 3);
    int heads = g.whole(1, 5);
    int width = heads * g.choice(32, 40, 64);
    var q = g.input("q", n, queries, width);
    return g.attention(
        q, g.input("k", n, keys, width), g.input("v", n, keys, width), heads, causal);
  }

  /**
   * An operation to be timed, alone and of any size.
   *
   * @param label {@code attention} of heads, queries, keys and head dimension; {@code conv2d} of
   *     side, channels in and out, kernel and stride; {@code group_norm}, with SiLU, of side and
   *     channels; {@code linear} of tokens, channels in and out
   * @throws IllegalArgumentException where there is none of that label
   */
  public static OpCase timed(String label, int... s) {
    Function<CaseGraph, Value> network =
        switch (label) {
          case "attention" ->
              g -> {
                var k = g.input("k", 1, s[2], s[0] * s[3]);
                var v = g.input("v", 1, s[2], s[0] * s[3]);
                return g.attention(g.input("q", 1, s[1], s[0] * s[3]), k, v, s[0], false);
              };
          case "conv2d" ->
              g -> {
                var x = g.input("x", 1, s[0], s[0], s[1]);
                return g.conv2d(x, s[2], s[3], s[4], s[3] / 2, s[3] / 2, true);
              };
          case "group_norm" -> g -> g.groupNorm(g.input("x", 1, s[0], s[0], s[1]), 32, EPS).silu();
          case "linear" -> g -> g.linear(g.input("x", 1, s[0], s[1]), s[2], true);
          default ->
              throw new IllegalArgumentException(
                  "timed case: expected attention, conv2d, group_norm or linear, got " + label);
        };
    var name = label + " " + Arrays.toString(s);
    return new OpCase(name, label, 7, DType.F16, g -> network.apply(g).output("y"));
  }

  /** A small network in which every operation occurs. */
  public static OpCase everyOp() {
    return new OpCase("every operation", "block", 7, DType.F16, OpCases::everyOp);
  }

  private static void everyOp(CaseGraph g) {
    var x = g.input("x", 2, 9, 9, 24);
    var t = g.input("t", g.uniform(0, 999), 2);
    var ids = g.ids("ids", 50, 2, 11);
    var temb = g.linear(g.node(new Op.TimestepEmbedding(32, true, 0), t), 48, true).silu();
    temb = g.linear(temb, 40, true).reshape(2, 1, 1, 40);
    var h = g.conv2d(g.groupNorm(x, 6, 1e-5f).silu(), 40, 3).plus(temb);
    h = g.conv2d(g.groupNorm(h, 5, 1e-5f).silu(), 40, 3).plus(g.conv2d(x, 40, 1));
    var skip = h;
    h = g.conv2d(h, 40, 3, 2, 0, 1, true); // [2, 4, 4, 40]
    var tokens = h.reshape(2, 16, 40);
    var n = g.layerNorm(tokens, 1e-5f);
    var attended =
        g.attention(
            g.linear(n, 40, false), g.linear(n, 40, false), g.linear(n, 40, false), 2, false);
    tokens = tokens.plus(g.linear(attended, 40, true));
    var table = g.table("token.weight", g.normal(0, 1), 50, 36);
    var position = g.table("position.weight", g.normal(0, 1), 11, 36);
    var context = g.node(new Op.Embedding(), ids, table).plus(position);
    var c = g.layerNorm(context, 1e-5f);
    c = g.attention(c, c, c, 3, true).plus(g.linear(c, 36, true).quickGelu()).output("context");
    var k = g.linear(c, 40, false);
    var v = g.linear(c, 40, false);
    tokens = tokens.plus(g.attention(g.linear(tokens, 40, false), k, v, 2, false));
    tokens = tokens.plus(g.linear(g.linear(tokens, 160, true).geglu(), 40, true));
    h = tokens.reshape(2, 4, 4, 40).upsample(9, 9).concat(skip).gelu();
    var gain = g.input("gain", 1).cast(DType.F16).cast(DType.F32);
    h.times(gain).plus(h).output("y");
  }

  private void conv2d(
      String row,
      DType type,
      Shape x,
      int out,
      int kernel,
      int stride,
      int before,
      int after,
      boolean bias) {
    add(
        row,
        type,
        "conv2d "
            + x
            + " -> "
            + out
            + " k"
            + kernel
            + " s"
            + stride
            + " p"
            + before
            + ","
            + after
            + (bias ? "" : " no bias"),
        g -> g.conv2d(g.input("x", ints(x)), out, kernel, stride, before, after, bias).output("y"));
  }

  private void convolutions() {
    conv2d("conv2d 3x3", DType.F16, Shape.of(1, 8, 8, 320), 320, 3, 1, 1, 1, true);
    conv2d("conv2d 3x3", DType.F16, Shape.of(1, 4, 4, 1280), 1280, 3, 1, 1, 1, true);
    conv2d("conv2d 3x3", DType.BF16, Shape.of(1, 4, 4, 640), 640, 3, 1, 1, 1, true);
    conv2d("conv2d 3x3", DType.F16, Shape.of(2, 2, 2, 1920), 320, 3, 1, 1, 1, true);
    conv2d("conv2d 3x3", DType.F32, Shape.of(1, 6, 6, 512), 256, 3, 1, 1, 1, true);
    conv2d("conv2d 3x3", DType.F16, Shape.of(2, 12, 10, 128), 128, 3, 1, 1, 1, true);
    conv2d("conv2d 3x3", DType.F16, Shape.of(1, 16, 16, 4), 320, 3, 1, 1, 1, true);
    conv2d("conv2d 3x3", DType.F16, Shape.of(1, 8, 8, 9), 320, 3, 1, 1, 1, true);
    conv2d("conv2d 3x3", DType.F32, Shape.of(1, 16, 16, 3), 128, 3, 1, 1, 1, true);
    conv2d("conv2d 3x3", DType.F32, Shape.of(1, 16, 16, 320), 4, 3, 1, 1, 1, true);
    conv2d("conv2d 3x3", DType.F16, Shape.of(1, 24, 20, 128), 3, 3, 1, 1, 1, true);
    conv2d("conv2d 3x3", DType.BF16, Shape.of(1, 8, 8, 512), 8, 3, 1, 1, 1, true);
    conv2d("conv2d 3x3", DType.F16, Shape.of(1, 8, 8, 32), 64, 3, 1, 1, 1, false);
    conv2d("conv2d 1x1", DType.F16, Shape.of(1, 8, 8, 640), 320, 1, 1, 0, 0, true);
    conv2d("conv2d 1x1", DType.BF16, Shape.of(2, 4, 4, 960), 320, 1, 1, 0, 0, true);
    conv2d("conv2d 1x1", DType.F32, Shape.of(1, 16, 12, 8), 8, 1, 1, 0, 0, true);
    conv2d("conv2d 1x1", DType.F16, Shape.of(1, 16, 16, 4), 4, 1, 1, 0, 0, true);
    conv2d("conv2d 1x1", DType.F16, Shape.of(1, 4, 4, 64), 48, 1, 1, 0, 0, false);
    conv2d("conv2d stride 2", DType.F16, Shape.of(1, 8, 8, 320), 320, 3, 2, 1, 1, true);
    conv2d("conv2d stride 2", DType.F16, Shape.of(1, 8, 8, 128), 128, 3, 2, 0, 1, true);
    conv2d("conv2d stride 2", DType.F32, Shape.of(2, 9, 7, 64), 96, 3, 2, 0, 1, true);
    conv2d("conv2d stride 2", DType.BF16, Shape.of(1, 5, 11, 96), 64, 3, 2, 1, 1, true);
  }

  private void linear(DType type, Shape x, int out, boolean bias) {
    add(
        "linear",
        type,
        "linear " + x + " -> " + out + (bias ? "" : " no bias"),
        g -> g.linear(g.input("x", ints(x)), out, bias).output("y"));
  }

  private void linears() {
    linear(DType.F16, Shape.of(1, 77, 768), 320, false);
    linear(DType.F16, Shape.of(1, 64, 320), 320, true);
    linear(DType.F16, Shape.of(1, 16, 640), 5120, true);
    linear(DType.BF16, Shape.of(1, 16, 2560), 640, true);
    linear(DType.F32, Shape.of(2, 77, 64), 256, true);
    linear(DType.F32, Shape.of(2, 16, 320), 320, false);
    linear(DType.F16, Shape.of(1, 320), 1280, true);
    linear(DType.F16, Shape.of(1, 1, 1, 1280), 320, true);
    linear(DType.BF16, Shape.of(3, 1, 1, 1280), 640, true);
    linear(DType.F16, Shape.of(1, 77, 1024), 1280, false);
  }

  /** Products whose weight, and bias, is no tensor of the checkpoint; plain and fused. */
  private void computedWeights() {
    int[][] linears = {{1, 77, 64, 320}, {2, 5, 31, 17}, {1, 33, 640, 40}, {1, 16, 128, 130}};
    for (var s : linears) {
      for (boolean bias : new boolean[] {false, true}) {
        var name = "linear by an input " + Arrays.toString(s) + (bias ? "" : " no bias");
        add("linear by an input", DType.F32, name, g -> linearByInputs(g, s, bias).output("y"));
        add(
            "linear by an input",
            DType.F32,
            name + ", silu, residual",
            g ->
                linearByInputs(g, s, bias).silu().plus(g.input("r", s[0], s[1], s[3])).output("y"));
      }
    }
    add(
        "linear by an input",
        DType.F16,
        "linear by a computed weight",
        g -> {
          var w = g.input("w", 48, 32).silu();
          var b = g.input("b", 48).times(g.input("c", 1));
          g.node(new Op.Linear(true), g.input("x", 1, 9, 32), w, b).output("y");
        });
    // Pictures, height, width, in, out, kernel, stride, padding.
    int[][] convolutions = {
      {1, 8, 8, 32, 48, 1, 1, 0},
      {2, 5, 7, 3, 5, 1, 1, 0},
      {1, 8, 8, 32, 64, 3, 1, 1},
      {2, 6, 5, 16, 16, 3, 1, 1},
      {1, 7, 9, 5, 67, 3, 1, 1},
      {1, 8, 8, 32, 40, 3, 2, 1},
      {2, 9, 7, 11, 4, 3, 2, 1},
    };
    for (var s : convolutions) {
      for (boolean bias : new boolean[] {false, true}) {
        var name = "conv2d by an input " + Arrays.toString(s) + (bias ? "" : " no bias");
        add(
            "conv2d by an input",
            DType.F32,
            name,
            g -> convolutionByInputs(g, s, bias).output("y"));
        add(
            "conv2d by an input",
            DType.F32,
            name + ", shift, silu",
            g ->
                convolutionByInputs(g, s, bias)
                    .plus(g.input("temb", s[0], 1, 1, s[4]))
                    .silu()
                    .output("y"));
      }
    }
  }

  private static Value linearByInputs(CaseGraph g, int[] s, boolean bias) {
    var x = g.input("x", s[0], s[1], s[2]);
    var w = g.input("w", g.normal(0, 1 / Math.sqrt(s[2])), s[3], s[2]);
    var op = new Op.Linear(bias);
    return bias ? g.node(op, x, w, g.input("b", s[3])) : g.node(op, x, w);
  }

  private static Value convolutionByInputs(CaseGraph g, int[] s, boolean bias) {
    var x = g.input("x", s[0], s[1], s[2], s[3]);
    double deviation = 1 / Math.sqrt(s[3] * s[5] * s[5]);
    var w = g.input("w", g.normal(0, deviation), s[4], s[5], s[5], s[3]);
    var op = new Op.Conv2d(s[6], s[7], s[7], bias);
    return bias ? g.node(op, x, w, g.input("b", s[4])) : g.node(op, x, w);
  }

  private void casts() {
    for (int n : new int[] {1, 7, 1000, 4097}) {
      add(
          "cast",
          DType.F32,
          "cast to half and back of " + n,
          g -> g.input("x", n).cast(DType.F16).cast(DType.F32).output("y"));
      add(
          "cast",
          DType.F32,
          "cast to half, then silu of " + n,
          g -> g.input("x", n).cast(DType.F16).silu().cast(DType.F32).output("y"));
    }
  }

  private void attention(int n, int t, int s, int heads, int size, double peak, boolean causal) {
    add(
        causal ? "attention causal" : "attention",
        DType.F32,
        "attention N="
            + n
            + " T="
            + t
            + " S="
            + s
            + " heads="
            + heads
            + " D="
            + size
            + " scores of "
            + peak
            + (causal ? " causal" : ""),
        g -> {
          var q = g.input("q", g.normal(0, peak), n, t, heads * size);
          var k = g.input("k", n, s, heads * size);
          var v = g.input("v", n, s, heads * size);
          g.attention(q, k, v, heads, causal).output("y");
        });
  }

  private void attentions() {
    attention(1, 256, 256, 8, 40, 1, false);
    attention(2, 100, 77, 8, 40, 1, false);
    attention(1, 64, 64, 8, 80, 1, false);
    attention(1, 64, 77, 8, 80, 2, false);
    attention(2, 16, 16, 8, 160, 1, false);
    attention(1, 16, 77, 8, 160, 1, false);
    attention(1, 144, 144, 1, 512, 1, false);
    attention(1, 70, 70, 5, 64, 1, false);
    attention(1, 128, 300, 2, 64, 40, false);
    attention(1, 32, 600, 2, 40, 0, false);
    attention(1, 1, 77, 8, 40, 1, false);
    attention(2, 33, 1, 8, 40, 1, false);
    attention(1, 77, 77, 12, 64, 1, true);
    attention(2, 77, 77, 4, 64, 10, true);
    attention(1, 1, 1, 1, 8, 1, true);
    attention(1, 24, 40, 2, 168, 1, false);
    attention(1, 33, 33, 2, 168, 1, true);
    add(
        "attention",
        DType.F32,
        "attention with scores of 400",
        g -> {
          // Unless the largest score is subtracted first, exp overflows.
          var q = g.input("q", g.uniform(20, 30), 1, 9, 64);
          var k = g.input("k", g.uniform(1, 3), 1, 21, 64);
          g.attention(q, k, g.input("v", 1, 21, 64), 1, false).output("y");
        });
  }

  private void groupNorm(Shape x, int groups, float eps, double mean, double deviation) {
    add(
        "group_norm",
        DType.F16,
        "group_norm " + x + " groups " + groups + " eps " + eps + " of " + mean + "+-" + deviation,
        g -> {
          var v = g.input("x", g.normal(mean, deviation), ints(x));
          g.groupNorm(v, groups, eps).output("y");
        });
  }

  private void norms() {
    groupNorm(Shape.of(1, 8, 8, 320), 32, 1e-5f, 0, 1);
    groupNorm(Shape.of(1, 64, 320), 32, 1e-6f, 0, 1);
    groupNorm(Shape.of(2, 4, 4, 1280), 32, 1e-5f, 0.5, 2);
    groupNorm(Shape.of(1, 3, 5, 2560), 32, 1e-5f, 0, 1);
    groupNorm(Shape.of(1, 16, 16, 128), 32, 1e-6f, 0, 1);
    groupNorm(Shape.of(1, 64, 64, 64), 32, 1e-6f, 1, 1);
    groupNorm(Shape.of(1, 8, 8, 512), 32, 1e-6f, 100, 1);
    groupNorm(Shape.of(3, 5, 7, 30), 3, 1e-5f, -1000, 1);
    groupNorm(Shape.of(1, 4, 4, 64), 32, 1e-5f, 0, 1e-4);
    groupNorm(Shape.of(1, 1, 1, 64), 32, 1e-5f, 0, 1);
    groupNorm(Shape.of(2, 6, 6, 32), 32, 1e-5f, 0, 1);
    groupNorm(Shape.of(2, 6, 6, 24), 1, 1e-5f, 0, 1);
    for (var x :
        List.of(
            Shape.of(1, 64, 320),
            Shape.of(2, 77, 768),
            Shape.of(1, 16, 1280),
            Shape.of(1, 77, 1024),
            Shape.of(3, 5, 7),
            Shape.of(1, 3, 5, 31))) {
      add(
          "layer_norm",
          DType.F16,
          "layer_norm " + x,
          g -> g.layerNorm(g.input("x", g.normal(0.3, 2), ints(x)), 1e-5f).output("y"));
    }
    add(
        "layer_norm",
        DType.BF16,
        "layer_norm of 500+-1",
        g -> g.layerNorm(g.input("x", g.normal(500, 1), 1, 40, 640), 1e-5f).output("y"));
    add(
        "layer_norm",
        DType.F32,
        "layer_norm of constant rows",
        g -> g.layerNorm(g.input("x", () -> 3, 1, 4, 320), 1e-5f).output("y"));
  }

  private void elementwise() {
    for (var fn : Op.UnaryFn.values()) {
      for (double[] range :
          new double[][] {{-6, 6}, {-1e-3, 1e-3}, {-14, -3}, {-88, 88}, {-1e4, 1e4}}) {
        add(
            "unary " + fn,
            DType.F32,
            fn + " of " + range[0] + " to " + range[1],
            g ->
                g.node(new Op.Unary(fn), g.input("x", g.uniform(range[0], range[1]), 1, 9, 11, 31))
                    .output("y"));
      }
      add(
          "unary " + fn,
          DType.F32,
          fn + " at the edges of exp",
          g ->
              g.node(
                      new Op.Unary(fn),
                      g.input(
                          "x",
                          g.oneOf(
                              0, -0.0, 87.3, -87.3, 88, -88, 88.8, -88.8, 103.9, -103.9, -104.5,
                              1e-38, -1e-38, 1e-45, 1e4, -1e4, 1e30, -1e30, 50, -50),
                          1,
                          200))
                  .output("y"));
    }
    add("geglu", DType.F32, "geglu 5120", g -> g.input("x", 1, 16, 5120).geglu().output("y"));
    add(
        "geglu",
        DType.F16,
        "linear, geglu 40",
        g -> g.linear(g.input("x", 2, 35, 48), 80, true).geglu().output("y"));
    add("geglu", DType.F32, "geglu 14", g -> g.input("x", 3, 5, 14).geglu().output("y"));
    add(
        "geglu",
        DType.F32,
        "geglu of -88 to 88",
        g -> g.input("x", g.uniform(-88, 88), 1, 7, 62).geglu().output("y"));
    for (var fn : Op.BinaryFn.values()) {
      binary(fn, "same shape", Shape.of(2, 5, 7, 33), Shape.of(2, 5, 7, 33));
      binary(fn, "same shape", Shape.of(1, 64, 320), Shape.of(1, 64, 320));
      binary(fn, "channel", Shape.of(2, 5, 7, 33), Shape.of(33));
      binary(fn, "channel", Shape.of(2, 5, 320), Shape.of(1, 1, 320));
      binary(fn, "sample", Shape.of(2, 8, 8, 320), Shape.of(2, 1, 1, 320));
      binary(fn, "sample", Shape.of(3, 5, 3, 7), Shape.of(3, 1, 1, 7));
      binary(fn, "tokens", Shape.of(2, 77, 96), Shape.of(77, 96));
      binary(fn, "scalar", Shape.of(2, 4, 5, 6), Shape.of(1));
      binary(fn, "scalar", Shape.of(2, 4, 5, 6), Shape.of(1, 1, 1, 1));
      binary(fn, "pixel", Shape.of(2, 4, 5, 6), Shape.of(2, 4, 5, 1));
      binary(fn, "mixed", Shape.of(2, 4, 5, 6), Shape.of(4, 1, 6));
    }
    add(
        "binary weight",
        DType.F16,
        "add position table",
        g ->
            g.input("x", 2, 77, 768)
                .plus(g.table("position.weight", g.normal(0, 1), 77, 768))
                .output("y"));
    add(
        "binary weight",
        DType.BF16,
        "multiply by a vector of the checkpoint",
        g -> g.input("x", 2, 5, 64).times(g.vector("gamma", 64, g.normal(0, 1))).output("y"));
    add(
        "binary same shape",
        DType.F32,
        "a value with itself",
        g -> {
          var x = g.input("x", 1, 4, 4, 20);
          var y = x.plus(x);
          y.times(y).output("y");
        });
  }

  private void binary(Op.BinaryFn fn, String kind, Shape a, Shape b) {
    add(
        "binary " + kind,
        DType.F32,
        fn + " " + a + " " + b,
        g -> g.node(new Op.Binary(fn), g.input("a", ints(a)), g.input("b", ints(b))).output("y"));
  }

  private void moves() {
    concat(Shape.of(1, 8, 8, 320), 640);
    concat(Shape.of(2, 3, 5, 1280), 1280);
    concat(Shape.of(3, 5, 7), 3);
    concat(Shape.of(1, 1, 1, 1), 1);
    concat(Shape.of(2, 3, 4, 5), 1, 7);
    for (int[] s :
        new int[][] {
          {1, 4, 4, 320, 8, 8},
          {2, 5, 3, 31, 10, 6},
          {1, 5, 4, 17, 9, 7},
          {1, 1, 1, 3, 2, 2},
          {1, 3, 3, 8, 3, 3}
        }) {
      add(
          "upsample",
          DType.F32,
          "upsample " + List.of(s[0], s[1], s[2], s[3]) + " to " + s[4] + "x" + s[5],
          g -> g.input("x", s[0], s[1], s[2], s[3]).upsample(s[4], s[5]).output("y"));
    }
    add(
        "reshape",
        DType.F16,
        "tokens and back",
        g -> {
          var x = g.input("x", 2, 4, 6, 32);
          var t = g.linear(x.reshape(2, 24, 32), 32, true);
          t.reshape(2, 4, 6, 32).plus(x).output("y");
        });
    add(
        "reshape",
        DType.F32,
        "views of views",
        g ->
            g.input("x", 1, 6, 4)
                .silu()
                .reshape(24)
                .reshape(2, 3, 4)
                .silu()
                .reshape(2, 12)
                .output("y"));
  }

  private void concat(Shape first, int... others) {
    add(
        "concat",
        DType.F32,
        "concat " + first + " with " + Arrays.toString(others),
        g -> {
          var in = new Value[others.length + 1];
          in[0] = g.input("x0", ints(first));
          for (int i = 0; i < others.length; i++) {
            in[i + 1] = g.input("x" + (i + 1), ints(first.withLast(others[i])));
          }
          g.node(new Op.Concat(), in).output("y");
        });
  }

  private void embeddings() {
    for (var type : TYPES) {
      add(
          "embedding",
          type,
          "embedding 77 of 500x768",
          g ->
              g.node(
                      new Op.Embedding(),
                      g.ids("ids", 500, 1, 77),
                      g.table("token.weight", g.normal(0, 1), 500, 768))
                  .output("y"));
    }
    add(
        "embedding",
        DType.F16,
        "embedding 3x5 of 11x7",
        g ->
            g.node(
                    new Op.Embedding(),
                    g.ids("ids", 11, 3, 5),
                    g.table("token.weight", g.normal(0, 1), 11, 7))
                .output("y"));
    for (int dim : new int[] {320, 128, 10, 2}) {
      for (boolean flip : new boolean[] {true, false}) {
        add(
            "timestep_embedding",
            DType.F32,
            "timestep_embedding " + dim + (flip ? " cos first" : " sin first"),
            g ->
                g.node(
                        new Op.TimestepEmbedding(dim, flip, flip || dim == 2 ? 0 : 1),
                        g.input("t", g.oneOf(0, 1, 2, 17, 261, 500, 981, 999, 0.5), 9))
                    .output("y"));
      }
    }
  }

  private void fusions() {
    add(
        "fusion group_norm_activation",
        DType.F16,
        "group_norm silu",
        g -> g.groupNorm(g.input("x", 2, 6, 6, 320), 32, 1e-5f).silu().output("y"));
    add(
        "fusion conv2d_epilogue",
        DType.F16,
        "conv2d + temb",
        g ->
            g.conv2d(g.input("x", 2, 6, 6, 64), 320, 3)
                .plus(g.input("temb", 2, 1, 1, 320))
                .output("y"));
    add(
        "fusion conv2d_epilogue",
        DType.F16,
        "conv2d + residual",
        g -> {
          var x = g.input("x", 2, 6, 5, 64);
          x.plus(g.conv2d(x, 64, 3)).output("y");
        });
    add(
        "fusion conv2d_epilogue",
        DType.BF16,
        "conv2d 1x1 + temb, silu, residual",
        g -> {
          var x = g.input("x", 2, 5, 5, 31);
          g.conv2d(x, 31, 1).plus(g.input("temb", 2, 1, 1, 31)).silu().plus(x).output("y");
        });
    for (var fn : Op.UnaryFn.values()) {
      add(
          "fusion linear_epilogue",
          DType.F16,
          "linear " + fn,
          g -> g.node(new Op.Unary(fn), g.linear(g.input("x", 1, 77, 64), 256, true)).output("y"));
    }
    add(
        "fusion linear_epilogue",
        DType.F16,
        "linear + residual",
        g -> {
          var x = g.input("x", 2, 20, 320);
          x.plus(g.linear(x, 320, true)).output("y");
        });
    add(
        "fusion linear_epilogue",
        DType.F32,
        "linear + residual of another, seen too",
        g -> {
          var x = g.input("x", 2, 20, 32);
          var a = g.linear(x, 48, true).silu().output("a");
          g.linear(x, 48, false).plus(a).output("y");
        });
    for (int inner : new int[] {128, 64}) {
      add(
          "fusion linear_geglu",
          DType.F16,
          "linear geglu " + inner,
          g -> g.linear(g.input("x", 2, 35, 48), 2 * inner, true).geglu().output("y"));
    }
    add(
        "fusion linear_geglu",
        DType.F32,
        "linear without bias, geglu, of 1111 numbers",
        g -> g.linear(g.input("x", 1, 513, 1111), 256, false).geglu().output("y"));
    add(
        "fusion refused",
        DType.F32,
        "an output in the middle",
        g -> {
          var h = g.conv2d(g.input("x", 1, 5, 5, 16), 16, 3).output("h");
          h.silu().output("y");
        });
    add(
        "fusion refused",
        DType.F32,
        "a value with two readers",
        g -> {
          var h = g.linear(g.input("x", 1, 5, 16), 24, true);
          h.silu().plus(h).output("y");
        });
    add(
        "fusion refused",
        DType.F32,
        "a smaller result broadcast by the sum",
        g -> g.input("x", 2, 5, 24).plus(g.linear(g.input("t", 1, 1, 16), 24, true)).output("y"));
  }

  private void blocks() {
    add(
        "block",
        DType.F16,
        "ResnetBlock2D 64 -> 96",
        g -> {
          var shapes = new LinkedHashMap<String, Shape>();
          norm(shapes, "norm1", 64);
          dense(shapes, "conv1", 96, 64, 3, 3);
          dense(shapes, "time_emb_proj", 96, 128);
          norm(shapes, "norm2", 96);
          dense(shapes, "conv2", 96, 96, 3, 3);
          dense(shapes, "conv_shortcut", 96, 64, 1, 1);
          var block = ResnetBlock2D.load(g.checkpoint("res", shapes), 64, 96, 128, 32, 1e-5f);
          block.forward(g.input("x", 2, 7, 6, 64), g.input("temb", 2, 1, 1, 128)).output("y");
        });
    add(
        "block",
        DType.F16,
        "Attention 80, context of 7 tokens",
        g -> {
          var shapes = new LinkedHashMap<String, Shape>();
          shapes.put("to_q.weight", Shape.of(80, 80));
          shapes.put("to_k.weight", Shape.of(80, 48));
          shapes.put("to_v.weight", Shape.of(80, 48));
          dense(shapes, "to_out.0", 80, 80);
          var attn = Attention.load(g.checkpoint("attn2", shapes), Attention.Kind.CROSS, 2, 80, 48);
          var x = g.input("x", 2, 12, 80);
          attn.forward(x, g.input("context", 2, 7, 48)).plus(x).output("y");
        });
    add(
        "block",
        DType.BF16,
        "transformer with geglu",
        g -> {
          var x = g.input("x", 1, 4, 4, 40);
          var h = g.groupNorm(x, 8, 1e-6f).reshape(1, 16, 40);
          var n = g.layerNorm(h, 1e-5f);
          var q = g.linear(n, 40, false);
          var k = g.linear(n, 40, false);
          var v = g.linear(n, 40, false);
          h = h.plus(g.linear(g.attention(q, k, v, 2, false), 40, true));
          h = h.plus(g.linear(g.linear(g.layerNorm(h, 1e-5f), 320, true).geglu(), 40, true));
          g.conv2d(h.reshape(1, 4, 4, 40), 40, 1).plus(x).output("y");
        });
    add(
        "block",
        DType.F32,
        "up block with skip",
        g -> {
          var x = g.input("x", 1, 3, 5, 32);
          var skip = g.input("skip", 1, 6, 9, 16);
          var h = g.conv2d(x.upsample(6, 9), 32, 3).concat(skip);
          g.conv2d(g.groupNorm(h, 4, 1e-5f).silu(), 24, 3).output("y");
        });
  }

  private static void norm(Map<String, Shape> shapes, String name, int channels) {
    shapes.put(name + ".weight", Shape.of(channels));
    shapes.put(name + ".bias", Shape.of(channels));
  }

  private static void dense(Map<String, Shape> shapes, String name, int... dims) {
    shapes.put(name + ".weight", Shape.of(dims));
    shapes.put(name + ".bias", Shape.of(dims[0]));
  }

  /** Shapes no network has: primes, single elements, more samples than usual. */
  private void odd(int number, SplittableRandom r) {
    var type = TYPES[r.nextInt(TYPES.length)];
    int n = 1 + r.nextInt(3);
    int h = 1 + r.nextInt(11);
    int w = 1 + r.nextInt(11);
    int c = CHANNELS[r.nextInt(CHANNELS.length)];
    int o = CHANNELS[r.nextInt(CHANNELS.length)];
    var prefix = "odd " + number + ": ";
    switch (number % 10) {
      case 0, 1, 2 -> {
        int kernel = r.nextInt(4) == 0 ? 1 : 3;
        int stride = 1 + r.nextInt(2);
        boolean asymmetric = kernel == 3 && stride == 2 && r.nextBoolean();
        int before = asymmetric ? 0 : kernel / 2;
        int after = asymmetric ? 1 : kernel / 2;
        boolean bias = r.nextInt(4) > 0;
        int height = Math.max(h, 3);
        int width = Math.max(w, 3);
        int extra = r.nextInt(4);
        add(
            "conv2d odd",
            type,
            prefix
                + "conv2d "
                + List.of(n, height, width, c)
                + " -> "
                + o
                + " k"
                + kernel
                + " s"
                + stride
                + " p"
                + before
                + ","
                + after
                + (bias ? "" : " no bias")
                + List.of("", " silu", " + temb", " + residual").get(extra),
            g -> {
              var x = g.input("x", n, height, width, c);
              var y = g.conv2d(x, o, kernel, stride, before, after, bias);
              epilogue(g, y, extra, n).output("y");
            });
      }
      case 3, 4 -> {
        boolean bias = r.nextBoolean();
        int extra = r.nextInt(4);
        add(
            "linear odd",
            type,
            prefix
                + "linear "
                + List.of(n, h * w, c)
                + " -> "
                + o
                + (bias ? "" : " no bias")
                + List.of("", " gelu", " + token", " + residual").get(extra),
            g -> {
              var y = g.linear(g.input("x", n, h * w, c), o, bias);
              var z =
                  switch (extra) {
                    case 1 -> y.gelu();
                    case 2 -> y.plus(g.input("token", n, 1, o));
                    case 3 -> g.input("residual", ints(y.shape())).plus(y);
                    default -> y;
                  };
              z.output("y");
            });
      }
      case 5, 6 -> {
        int heads = 1 + r.nextInt(5);
        int t = r.nextInt(5) == 0 ? 1 : 1 + r.nextInt(70);
        boolean causal = r.nextInt(4) == 0;
        int s = causal ? t : r.nextInt(5) == 0 ? 1 : 1 + r.nextInt(150);
        int size = CHANNELS[3 + r.nextInt(CHANNELS.length - 3)];
        add(
            "attention odd",
            type,
            prefix
                + "attention N="
                + n
                + " T="
                + t
                + " S="
                + s
                + " heads="
                + heads
                + " D="
                + size
                + (causal ? " causal" : ""),
            g -> {
              var q = g.input("q", n, t, heads * size);
              var k = g.input("k", n, s, heads * size);
              g.attention(q, k, g.input("v", n, s, heads * size), heads, causal).output("y");
            });
      }
      case 7 -> {
        int groups = 1 + r.nextInt(4);
        boolean silu = r.nextBoolean();
        add(
            "group_norm odd",
            type,
            prefix
                + "group_norm "
                + List.of(n, h, w, groups * c)
                + " groups "
                + groups
                + (silu ? " silu" : ""),
            g -> {
              var y = g.groupNorm(g.input("x", g.normal(1, 3), n, h, w, groups * c), groups, 1e-5f);
              (silu ? y.silu() : y).output("y");
            });
      }
      case 8 ->
          add(
              "geglu odd",
              type,
              prefix + "layer_norm, linear, geglu " + List.of(n, h * w, c) + " -> " + o,
              g -> {
                var x = g.layerNorm(g.input("x", n, h * w, c + 1), 1e-5f);
                g.linear(x, 2 * o, true).geglu().output("y");
              });
      default -> {
        int height = h + r.nextInt(h + 1);
        int width = w + r.nextInt(w + 1);
        add(
            "moves odd",
            type,
            prefix
                + "concat "
                + List.of(n, h, w, c)
                + " with "
                + o
                + ", upsample to "
                + height
                + "x"
                + width,
            g ->
                g.input("x", n, h, w, c)
                    .concat(g.input("y", n, h, w, o))
                    .upsample(height, width)
                    .quickGelu()
                    .output("out"));
      }
    }
  }

  private static Value epilogue(CaseGraph g, Value y, int kind, int n) {
    return switch (kind) {
      case 1 -> y.silu();
      case 2 -> y.plus(g.input("temb", n, 1, 1, y.shape().dim(3)));
      case 3 -> g.input("residual", ints(y.shape())).plus(y);
      default -> y;
    };
  }

  private static int[] ints(Shape s) {
    return s.dims().stream().mapToInt(Integer::intValue).toArray();
  }
}
