package org.drag4j.tests.conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;

/**
 * A scalar interpreter of graphs. In double it says what is right; rounding to float after every
 * operation, in the plainest order, it says what error single precision may cost.
 */
public final class Oracle {
  private final boolean single;
  private final boolean backward;
  private final Storage storage;

  /** Where numbers are rounded to half. */
  enum Storage {
    /** Nowhere. */
    SINGLE,
    /** As {@link #HALF}, but weights stay as the checkpoint has them. */
    HALF_ACTIVATIONS,
    /** Every operand, inputs and weights too, and every result; but not timesteps. */
    HALF
  }

  private Oracle(boolean single, boolean backward, Storage storage) {
    this.single = single;
    this.backward = backward;
    this.storage = storage;
  }

  /** Evaluates in double. */
  public static Oracle exact() {
    return new Oracle(false, false, Storage.SINGLE);
  }

  /**
   * Evaluates in float, sequentially: with 53 bits a sum, product, quotient or root that is rounded
   * to 24 afterwards is the one float arithmetic gives (Figueroa, 1995).
   */
  public static Oracle naive() {
    return new Oracle(true, false, Storage.SINGLE);
  }

  /** As {@link #naive}, products summed from the last to the first: other rounding, as naive. */
  static Oracle naiveBackward() {
    return new Oracle(true, true, Storage.SINGLE);
  }

  /** This one, with such roundings. */
  Oracle storing(Storage other) {
    return new Oracle(single, backward, other);
  }

  /** The graph's outputs; {@code inputs} hold an element a number, row major. */
  public Map<String, double[]> evaluate(
      Graph graph, Map<String, double[]> inputs, MapWeights weights) {
    var done = new HashMap<Value, double[]>();
    for (var v : graph.live()) {
      var x =
          switch (v.op()) {
            case Op.Input(var name) -> find(inputs, name);
            case Op.Weight(var param) -> weights.values(param.name(), v.shape());
            default -> node(v, v.inputs().stream().map(in -> read(v, in, find(done, in))).toList());
          };
      boolean given = v.op() instanceof Op.Input || v.op() instanceof Op.Weight;
      done.put(v, storage != Storage.SINGLE && !given ? toHalf(x) : x);
    }
    var outputs = new LinkedHashMap<String, double[]>();
    graph.outputs().forEach((name, v) -> outputs.put(name, find(done, v)));
    return outputs;
  }

  /** An operand as an operation reads it. */
  private double[] read(Value v, Value operand, double[] x) {
    boolean rounded =
        switch (storage) {
          case SINGLE -> false;
          case HALF_ACTIVATIONS -> !(operand.root().op() instanceof Op.Weight);
          case HALF -> true;
        };
    return rounded && operand.dtype() == DType.F32 && !(v.op() instanceof Op.TimestepEmbedding)
        ? toHalf(x)
        : x;
  }

  private static double[] toHalf(double[] x) {
    return Arrays.stream(x)
        .map(v -> Float.float16ToFloat(Float.floatToFloat16((float) v)))
        .toArray();
  }

  /** The result of one node. */
  public double[] node(Value v, List<double[]> in) {
    return apply(v.op(), in, v.inputs().stream().map(Value::shape).toList(), v.shape());
  }

  private static <K> double[] find(Map<K, double[]> map, K key) {
    var x = map.get(key);
    if (x == null) {
      throw new IllegalArgumentException("oracle: expected values for " + key + ", got none");
    }
    return x;
  }

  private double[] apply(Op op, List<double[]> in, List<Shape> shapes, Shape out) {
    return switch (op) {
      case Op.Input _, Op.Weight _ ->
          throw new IllegalArgumentException("oracle: " + op + " is given, not computed");
      case Op.Conv2d c -> conv2d(c, in, shapes, out);
      case Op.Linear l -> linear(l, in, shapes, out);
      case Op.GroupNorm g -> {
        var x = shapes.getFirst();
        int channels = x.dim(-1);
        int pixels = (int) (x.size() / x.dim(0) / channels);
        yield norm(in, x.dim(0), pixels, channels, channels / g.groups(), g.eps());
      }
      case Op.LayerNorm l -> {
        var x = shapes.getFirst();
        int channels = x.dim(-1);
        yield norm(in, (int) (x.size() / channels), 1, channels, channels, l.eps());
      }
      case Op.Attention a -> attention(a, in, shapes);
      case Op.Unary(var fn) -> {
        var x = in.getFirst();
        var y = new double[x.length];
        for (int i = 0; i < y.length; i++) {
          y[i] = unary(fn, x[i]);
        }
        yield y;
      }
      case Op.Binary(var fn) -> binary(fn, in, shapes);
      case Op.Geglu _ -> geglu(in.getFirst(), out.dim(-1));
      case Op.Concat _ -> concat(in, shapes, out);
      case Op.Reshape _ -> in.getFirst();
      case Op.Cast(var to) -> to == DType.F16 ? toHalf(in.getFirst()) : in.getFirst();
      case Op.Upsample _ -> upsample(in.getFirst(), shapes.getFirst(), out);
      case Op.Embedding _ -> {
        int width = out.dim(-1);
        var y = new double[(int) out.size()];
        for (int i = 0; i < in.get(0).length; i++) {
          int row = (int) in.get(0)[i];
          System.arraycopy(in.get(1), row * width, y, i * width, width);
        }
        yield y;
      }
      case Op.TimestepEmbedding t -> timesteps(t, in.getFirst());
      case Op.Fused(var body, var then) -> {
        int used = body.arity();
        boolean gated = then.contains(new Op.Geglu());
        var dim = gated ? out.withLast(2 * out.dim(-1)) : out;
        var y = apply(body, in.subList(0, used), shapes.subList(0, used), dim);
        for (var stage : then) {
          var operands = new ArrayList<>(List.of(y));
          var dims = new ArrayList<>(List.of(out));
          if (stage.arity() == 2) {
            operands.add(in.get(used));
            dims.add(shapes.get(used++));
          }
          y = apply(stage, operands, dims, out);
        }
        yield y;
      }
    };
  }

  private double[] conv2d(Op.Conv2d c, List<double[]> in, List<Shape> shapes, Shape out) {
    var x = in.get(0);
    var w = in.get(1);
    int height = shapes.get(0).dim(1);
    int width = shapes.get(0).dim(2);
    int channels = shapes.get(0).dim(3);
    int kh = shapes.get(1).dim(1);
    int kw = shapes.get(1).dim(2);
    int filters = out.dim(3);
    var y = new double[(int) out.size()];
    int at = 0;
    for (int n = 0; n < out.dim(0); n++) {
      for (int oy = 0; oy < out.dim(1); oy++) {
        for (int ox = 0; ox < out.dim(2); ox++) {
          for (int o = 0; o < filters; o++) {
            double sum = 0;
            for (int ky = 0; ky < kh; ky++) {
              int iy = oy * c.stride() - c.padBefore() + ky;
              for (int kx = 0; kx < kw; kx++) {
                int ix = ox * c.stride() - c.padBefore() + kx;
                if (iy >= 0 && iy < height && ix >= 0 && ix < width) {
                  int xi = ((n * height + iy) * width + ix) * channels;
                  int wi = ((o * kh + ky) * kw + kx) * channels;
                  sum = dot(sum, x, xi, w, wi, 1, channels);
                }
              }
            }
            y[at++] = c.bias() ? round(sum + in.get(2)[o]) : sum;
          }
        }
      }
    }
    return y;
  }

  private double[] linear(Op.Linear l, List<double[]> in, List<Shape> shapes, Shape out) {
    int inner = shapes.get(1).dim(1);
    int outer = shapes.get(1).dim(0);
    var y = new double[(int) out.size()];
    for (int i = 0; i < y.length; i++) {
      int o = i % outer;
      double sum = dot(0, in.get(0), i / outer * inner, in.get(1), o * inner, 1, inner);
      y[i] = l.bias() ? round(sum + in.get(2)[o]) : sum;
    }
    return y;
  }

  /** Normalises groups of {@code size} of the {@code channels} over {@code pixels}. */
  private double[] norm(
      List<double[]> in, int samples, int pixels, int channels, int size, float eps) {
    var x = in.getFirst();
    var y = new double[x.length];
    int count = pixels * size;
    for (int n = 0; n < samples; n++) {
      for (int first = 0; first < channels; first += size) {
        int base = n * pixels * channels + first;
        double sum = 0;
        for (int i = 0; i < count; i++) {
          sum = round(sum + x[base + i / size * channels + i % size]);
        }
        double mean = round(sum / count);
        double squares = 0;
        for (int i = 0; i < count; i++) {
          double d = round(x[base + i / size * channels + i % size] - mean);
          squares = round(squares + round(d * d));
        }
        double variance = round(squares / count);
        double inverse = round(1 / round(Math.sqrt(round(variance + eps))));
        for (int i = 0; i < count; i++) {
          int at = base + i / size * channels + i % size;
          double unit = round(round(x[at] - mean) * inverse);
          int c = first + i % size;
          y[at] = round(round(unit * in.get(1)[c]) + in.get(2)[c]);
        }
      }
    }
    return y;
  }

  private double[] attention(Op.Attention a, List<double[]> in, List<Shape> shapes) {
    int queries = shapes.get(0).dim(1);
    int keys = shapes.get(1).dim(1);
    int width = shapes.get(0).dim(2);
    int size = width / a.heads();
    double scale = round(1 / round(Math.sqrt(size)));
    var y = new double[(int) shapes.getFirst().size()];
    for (int n = 0; n < shapes.get(0).dim(0); n++) {
      for (int h = 0; h < a.heads(); h++) {
        for (int t = 0; t < queries; t++) {
          int q = (n * queries + t) * width + h * size;
          int k = n * keys * width + h * size;
          int seen = a.causal() ? Math.min(keys, t + 1) : keys;
          var p = new double[seen];
          double max = Double.NEGATIVE_INFINITY;
          for (int s = 0; s < seen; s++) {
            p[s] = round(dot(0, in.get(0), q, in.get(1), k + s * width, 1, size) * scale);
            max = Math.max(max, p[s]);
          }
          double sum = 0;
          for (int s = 0; s < seen; s++) {
            p[s] = round(Math.exp(round(p[s] - max)));
            sum = round(sum + p[s]);
          }
          for (int s = 0; s < seen; s++) {
            p[s] = round(p[s] / sum);
          }
          for (int d = 0; d < size; d++) {
            y[q + d] = dot(0, p, 0, in.get(2), k + d, width, seen);
          }
        }
      }
    }
    return y;
  }

  private double unary(Op.UnaryFn fn, double x) {
    return switch (fn) {
      case SILU -> round(x / round(1 + round(Math.exp(-x))));
      case QUICK_GELU -> round(x / round(1 + round(Math.exp(-round(round((float) 1.702) * x)))));
      case GELU -> round(round(0.5 * x) * round(1 + round(erf(round(x * round(Math.sqrt(0.5)))))));
    };
  }

  private double[] binary(Op.BinaryFn fn, List<double[]> in, List<Shape> shapes) {
    var a = in.get(0);
    var y = new double[a.length];
    var index = broadcast(shapes.get(0), shapes.get(1));
    for (int i = 0; i < y.length; i++) {
      double b = in.get(1)[index[i]];
      y[i] =
          round(
              switch (fn) {
                case ADD -> a[i] + b;
                case MUL -> a[i] * b;
              });
    }
    return y;
  }

  /** For every element of {@code a} the element of {@code b} it meets. */
  private static int[] broadcast(Shape a, Shape b) {
    return IntStream.range(0, (int) a.size())
        .map(i -> {
          int rest = i;
          int at = 0;
          int stride = 1;
          for (int d = 1; d <= b.rank(); d++) {
            int coordinate = rest % a.dim(-d);
            rest /= a.dim(-d);
            at += b.dim(-d) == 1 ? 0 : coordinate * stride;
            stride *= b.dim(-d);
          }
          return at;
        })
        .toArray();
  }

  private double[] geglu(double[] x, int width) {
    var y = new double[x.length / 2];
    for (int i = 0; i < y.length; i++) {
      int at = i / width * 2 * width + i % width;
      y[i] = round(x[at] * unary(Op.UnaryFn.GELU, x[at + width]));
    }
    return y;
  }

  private static double[] concat(List<double[]> in, List<Shape> shapes, Shape out) {
    var y = new double[(int) out.size()];
    int first = 0;
    for (int p = 0; p < in.size(); p++) {
      int width = shapes.get(p).dim(-1);
      for (int row = 0; row < in.get(p).length / width; row++) {
        System.arraycopy(in.get(p), row * width, y, row * out.dim(-1) + first, width);
      }
      first += width;
    }
    return y;
  }

  private static double[] upsample(double[] x, Shape from, Shape out) {
    int channels = out.dim(3);
    var y = new double[(int) out.size()];
    for (int i = 0; i < y.length; i++) {
      int ox = i / channels % out.dim(2);
      int oy = i / channels / out.dim(2) % out.dim(1);
      int n = i / channels / out.dim(2) / out.dim(1);
      int iy = oy * from.dim(1) / out.dim(1);
      int ix = ox * from.dim(2) / out.dim(2);
      y[i] = x[((n * from.dim(1) + iy) * from.dim(2) + ix) * channels + i % channels];
    }
    return y;
  }

  private double[] timesteps(Op.TimestepEmbedding t, double[] x) {
    int half = t.dim() / 2;
    var y = new double[x.length * t.dim()];
    for (int n = 0; n < x.length; n++) {
      for (int i = 0; i < half; i++) {
        double exponent = round(round(round(-Math.log(10_000)) * i) / round(half - t.freqShift()));
        double angle = round(x[n] * round(Math.exp(exponent)));
        int row = n * t.dim();
        y[row + (t.flipSinToCos() ? half + i : i)] = round(Math.sin(angle));
        y[row + (t.flipSinToCos() ? i : half + i)] = round(Math.cos(angle));
      }
    }
    return y;
  }

  /** {@code sum + a . b}, with elements of b {@code stride} apart. */
  private double dot(double sum, double[] a, int ai, double[] b, int bi, int stride, int count) {
    if (single) {
      float s = (float) sum;
      for (int j = 0; j < count; j++) {
        int i = backward ? count - 1 - j : j;
        s += (float) a[ai + i] * (float) b[bi + i * stride];
      }
      return s;
    }
    double s = sum;
    for (int i = 0; i < count; i++) {
      s += a[ai + i] * b[bi + i * stride];
    }
    return s;
  }

  private double round(double x) {
    return single ? (float) x : x;
  }

  /**
   * The error function to about 1e-15: the series with positive terms near zero, the continued
   * fraction of its complement beyond (Abramowitz and Stegun 7.1.6, 7.1.14).
   */
  static double erf(double x) {
    double a = Math.abs(x);
    if (a > 6) {
      return Math.signum(x);
    }
    double gauss = Math.exp(-a * a) / Math.sqrt(Math.PI);
    if (a < 2.5) {
      double term = a;
      double sum = a;
      for (int n = 1; term > 1e-18 * sum; n++) {
        term *= 2 * a * a / (2 * n + 1);
        sum += term;
      }
      return Math.signum(x) * 2 * gauss * sum;
    }
    double fraction = a;
    for (int n = 80; n > 0; n--) {
      fraction = a + n / 2.0 / fraction;
    }
    return Math.signum(x) * (1 - gauss / fraction);
  }
}
