package org.drag4j.tests.accuracy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.DoubleConsumer;
import java.util.function.IntConsumer;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.reference.Meaning;
import org.drag4j.reference.WeightValues;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightSource;

/**
 * Evaluates the graph of a full-size network in double: products on several threads, everything
 * else by its {@link Meaning}. Weights are read when needed and values forgotten after their last
 * use, so it needs little more memory than the largest layer.
 *
 * <p>Only the timestep's embedding is rounded to float as it goes along: diffusers computes it so
 * whatever the network's type, which makes the rounding a part of the network.
 */
final class DoubleEvaluation implements AutoCloseable {
  private static final int ROWS = 64;
  private static final int QUERIES = 32;

  private final ExecutorService pool;
  private final DoubleConsumer progress;

  /**
   * An evaluation on so many threads.
   *
   * @param progress is told the part of the arithmetic that is done, after each product
   */
  DoubleEvaluation(int threads, DoubleConsumer progress) {
    pool = Executors.newFixedThreadPool(threads, Thread.ofPlatform().daemon().factory());
    this.progress = progress;
  }

  /** The graph's outputs; inputs and outputs hold an element a number, row major. */
  Map<String, double[]> evaluate(Graph graph, Map<String, double[]> inputs, WeightSource weights)
      throws InterruptedException {
    var live = graph.live();
    var lastUse = new HashMap<Value, Value>();
    double all = 0;
    for (var v : live) {
      for (var in : v.inputs()) {
        lastUse.put(in, v);
      }
      all += v.cost().flops();
    }
    var kept = List.copyOf(graph.outputs().values());
    var done = new HashMap<Value, double[]>();
    double flops = 0;
    for (var v : live) {
      if (v.op() instanceof Op.Weight) {
        continue;
      }
      done.put(
          v, v.op() instanceof Op.Input(var name) ? find(inputs, name) : node(v, done, weights));
      for (var in : v.inputs()) {
        if (v.equals(lastUse.get(in)) && !kept.contains(in)) {
          done.remove(in);
        }
      }
      flops += v.cost().flops();
      progress.accept(flops / all);
    }
    var outputs = new LinkedHashMap<String, double[]>();
    for (var output : graph.outputs().entrySet()) {
      outputs.put(output.getKey(), find(done, output.getValue()));
    }
    return outputs;
  }

  private static <K> double[] find(Map<K, double[]> map, K key) {
    return Optional.ofNullable(map.get(key))
        .orElseThrow(() ->
            new IllegalArgumentException("evaluation: expected values for " + key + ", got none"));
  }

  private double[] node(Value v, Map<Value, double[]> done, WeightSource weights)
      throws InterruptedException {
    var in = new ArrayList<double[]>();
    for (var operand : v.inputs()) {
      in.add(
          operand.op() instanceof Op.Weight(var param)
              ? WeightValues.of(weights, param)
              : find(done, operand));
    }
    return switch (v.op()) {
      case Op.Conv2d c -> conv2d(c, v, in);
      case Op.Linear l -> linear(l, v, in);
      case Op.Attention a -> attention(a, v, in);
      case Op.TimestepEmbedding _ -> Meaning.SINGLE.of(v, in);
      default -> Meaning.EXACT.of(v, in);
    };
  }

  /** As many products as the filter has pixels, each with the inputs that meet that pixel. */
  private double[] conv2d(Op.Conv2d c, Value v, List<double[]> in) throws InterruptedException {
    var x = in.getFirst();
    var from = v.in(0).shape();
    var out = v.shape();
    int channels = from.dim(3);
    int filters = out.dim(3);
    int taps = v.in(1).shape().dim(1) * v.in(1).shape().dim(2);
    int kw = v.in(1).shape().dim(2);
    // [O, kh * kw * I] to [kh * kw * I, O]
    var w = DoubleProduct.transposed(in.get(1), filters, taps * channels);
    in.set(1, new double[0]);
    int pixels = (int) (out.size() / filters);
    var y = biased(pixels, filters, c.bias() ? in.get(2) : new double[filters]);
    parallel(
        pixels,
        ROWS,
        first -> {
          int rows = Math.min(ROWS, pixels - first);
          var met = new double[rows * channels];
          for (int tap = 0; tap < taps; tap++) {
            for (int r = 0; r < rows; r++) {
              int ox = (first + r) % out.dim(2);
              int oy = (first + r) / out.dim(2) % out.dim(1);
              int n = (first + r) / out.dim(2) / out.dim(1);
              int iy = oy * c.stride() - c.padBefore() + tap / kw;
              int ix = ox * c.stride() - c.padBefore() + tap % kw;
              if (iy >= 0 && iy < from.dim(1) && ix >= 0 && ix < from.dim(2)) {
                int at = ((n * from.dim(1) + iy) * from.dim(2) + ix) * channels;
                System.arraycopy(x, at, met, r * channels, channels);
              } else {
                Arrays.fill(met, r * channels, (r + 1) * channels, 0);
              }
            }
            DoubleProduct.add(
                met,
                0,
                channels,
                w,
                tap * channels * filters,
                filters,
                y,
                first * filters,
                filters,
                rows,
                channels,
                filters);
          }
        });
    return y;
  }

  private double[] linear(Op.Linear l, Value v, List<double[]> in) throws InterruptedException {
    int inner = v.in(1).shape().dim(1);
    int outer = v.in(1).shape().dim(0);
    var x = in.getFirst();
    var w = DoubleProduct.transposed(in.get(1), outer, inner);
    int all = (int) (v.shape().size() / outer);
    var y = biased(all, outer, l.bias() ? in.get(2) : new double[outer]);
    parallel(
        all,
        ROWS,
        first ->
            DoubleProduct.add(
                x,
                first * inner,
                inner,
                w,
                0,
                outer,
                y,
                first * outer,
                outer,
                Math.min(ROWS, all - first),
                inner,
                outer));
    return y;
  }

  private static double[] biased(int rows, int columns, double[] bias) {
    var y = new double[Math.multiplyExact(rows, columns)];
    for (int r = 0; r < rows; r++) {
      System.arraycopy(bias, 0, y, r * columns, columns);
    }
    return y;
  }

  private double[] attention(Op.Attention a, Value v, List<double[]> in)
      throws InterruptedException {
    var q = v.in(0).shape();
    var k = v.in(1).shape();
    var y = new double[(int) q.size()];
    for (int n = 0; n < q.dim(0); n++) {
      for (int h = 0; h < a.heads(); h++) {
        head(a, in, q, k, n, h, y);
      }
    }
    return y;
  }

  private void head(Op.Attention a, List<double[]> in, Shape q, Shape k, int n, int h, double[] y)
      throws InterruptedException {
    int queries = q.dim(1);
    int keys = k.dim(1);
    int width = q.dim(2);
    int size = width / a.heads();
    double scale = 1 / Math.sqrt(size);
    int firstQuery = n * queries * width + h * size;
    int firstKey = n * keys * width + h * size;
    var kt = new double[size * keys];
    for (int s = 0; s < keys; s++) {
      for (int d = 0; d < size; d++) {
        kt[d * keys + s] = scale * in.get(1)[firstKey + s * width + d];
      }
    }
    parallel(
        queries,
        QUERIES,
        first -> {
          int rows = Math.min(QUERIES, queries - first);
          int at = firstQuery + first * width;
          var p = new double[rows * keys];
          DoubleProduct.add(in.get(0), at, width, kt, 0, keys, p, 0, keys, rows, size, keys);
          for (int r = 0; r < rows; r++) {
            int seen = a.causal() ? Math.min(keys, first + r + 1) : keys;
            DoubleProduct.softmax(p, r * keys, seen);
            Arrays.fill(p, r * keys + seen, (r + 1) * keys, 0);
          }
          DoubleProduct.add(p, 0, keys, in.get(2), firstKey, width, y, at, width, rows, keys, size);
        });
  }

  /** Runs a task for every {@code step}-th number below {@code count}. */
  private void parallel(int count, int step, IntConsumer task) throws InterruptedException {
    var tasks = new ArrayList<Callable<Boolean>>();
    for (int i = 0; i < count; i += step) {
      int first = i;
      tasks.add(() -> {
        task.accept(first);
        return true;
      });
    }
    for (var result : pool.invokeAll(tasks)) {
      try {
        result.get();
      } catch (ExecutionException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @Override
  public void close() {
    pool.shutdownNow();
  }
}
