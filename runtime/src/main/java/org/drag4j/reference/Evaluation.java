package org.drag4j.reference;

import java.util.HashMap;
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
    /** As {@link #HALF}, but weights stay as the checkpoint has them. */
    HALF_ACTIVATIONS,
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
    for (var v : graph.live()) {
      var x =
          switch (v.op()) {
            case Op.Input(var name) -> find(inputs, name);
            case Op.Weight(var param) -> WeightValues.of(weights, param);
            default ->
                meaning.of(v, v.inputs().stream().map(in -> read(v, in, find(done, in))).toList());
          };
      boolean given = v.op() instanceof Op.Input || v.op() instanceof Op.Weight;
      done.put(v, storage != Storage.SINGLE && !given ? Meaning.toHalf(x) : x);
    }
    var outputs = new LinkedHashMap<String, double[]>();
    graph.outputs().forEach((name, v) -> outputs.put(name, find(done, v)));
    return outputs;
  }

  /** As {@link #of}, of a case. */
  public SequencedMap<String, double[]> of(CaseGraph built) {
    return of(built.graph(), built.inputs(), built.weights());
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
        ? Meaning.toHalf(x)
        : x;
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
