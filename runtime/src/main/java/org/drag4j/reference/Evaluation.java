package org.drag4j.reference;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.WeightSource;

/**
 * A graph worked out node by node.
 *
 * @param meaning of its operations
 * @param storage where numbers are rounded to half besides
 */
public record Evaluation(Meaning meaning, Storage storage) {
  /** Where numbers are rounded to half. */
  public enum Storage {
    /** Nowhere. */
    SINGLE,
    /** What is neither input nor output, before it is read. */
    HALF_BETWEEN,
    /** Every operand, inputs and weights too, and every result; but not timesteps. */
    HALF
  }

  /** Without any rounding to half. */
  public static Evaluation by(Meaning meaning) {
    return new Evaluation(meaning, Storage.SINGLE);
  }

  /**
   * The graph's outputs, by name.
   *
   * @param inputs by name, an element a number, row major; so are the outputs
   * @throws IllegalArgumentException where an input is missing
   * @throws org.drag4j.tensor.WeightMismatchException where a weight is missing
   */
  public SequencedMap<String, double[]> of(
      Graph graph, Map<String, double[]> inputs, WeightSource weights) {
    var done = new HashMap<Value, double[]>();
    var kept = new HashSet<Value>();
    graph.outputs().values().forEach(v -> kept.add(root(v)));
    for (var v : graph.live()) {
      var x =
          switch (v.op()) {
            case Op.Input(var name) -> find(inputs, name);
            case Op.Weight(var name) -> WeightValues.of(weights, name, v.shape());
            default ->
                meaning.of(v, v.inputs().stream().map(in -> read(v, in, find(done, in))).toList());
          };
      done.put(v, rounded(v, kept) ? toHalf(x) : x);
    }
    var outputs = new LinkedHashMap<String, double[]>();
    graph.outputs().forEach((name, v) -> outputs.put(name, find(done, v)));
    return outputs;
  }

  /** As {@link #of}, of a case. */
  public SequencedMap<String, double[]> of(CaseGraph built) {
    return of(built.graph(), built.inputs(), built.weights());
  }

  private boolean rounded(Value v, HashSet<Value> kept) {
    return switch (storage) {
      case SINGLE -> false;
      case HALF_BETWEEN -> !given(v) && !kept.contains(root(v));
      case HALF -> !given(v);
    };
  }

  private static boolean given(Value v) {
    return v.op() instanceof Op.Input || v.op() instanceof Op.Weight;
  }

  /** An operand as an operation reads it. */
  private double[] read(Value v, Value operand, double[] x) {
    return storage == Storage.HALF
            && operand.dtype() == DType.F32
            && !(v.op() instanceof Op.TimestepEmbedding)
        ? toHalf(x)
        : x;
  }

  private static Value root(Value v) {
    return v.op() instanceof Op.Reshape ? root(v.in(0)) : v;
  }

  private static double[] toHalf(double[] x) {
    return Arrays.stream(x)
        .map(v -> Float.float16ToFloat(Float.floatToFloat16((float) v)))
        .toArray();
  }

  private static <K> double[] find(Map<K, double[]> map, K key) {
    var x = map.get(key);
    if (x == null) {
      throw new IllegalArgumentException(
          "evaluation: expected values for " + key + ", got none; give them");
    }
    return x;
  }
}
