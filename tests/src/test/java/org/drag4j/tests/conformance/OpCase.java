package org.drag4j.tests.conformance;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.drag4j.tensor.DType;

/**
 * A small graph that tries one operation, or one sequence of them.
 *
 * @param name says what and of which shape; the seed of its numbers
 * @param row the row of the support matrix it counts for
 * @param weightType element type of its checkpoint
 * @param network makes inputs, weights, nodes and names the outputs
 */
public record OpCase(String name, String row, DType weightType, Consumer<CaseGraph> network) {
  private static final Map<String, Expected> KNOWN = new ConcurrentHashMap<>();

  /** Outputs in double, and in float by sums in two orders. */
  record Expected(
      Map<String, double[]> exact, Map<String, double[]> naive, Map<String, double[]> backward) {}

  /** Graph, inputs and weights; new ones each time, with the same numbers. */
  public CaseGraph build() {
    var g = new CaseGraph(name.hashCode(), weightType);
    network.accept(g);
    return g;
  }

  /**
   * This case with its operations between two others, which multiply by 1: what they read and write
   * is then neither input nor output of a plan.
   */
  OpCase between() {
    return new OpCase(name + ", between", row, weightType, g -> g.between(network));
  }

  /**
   * What is right and what a naive evaluation gives; computed once a process.
   *
   * @param storage where the device rounds to F16
   */
  Expected expected(CaseGraph built, Oracle.Storage storage) {
    var naive = Oracle.naive().storing(storage);
    var backward = Oracle.naiveBackward().storing(storage);
    return KNOWN.computeIfAbsent(
        name + " " + storage,
        _ ->
            new Expected(
                Oracle.exact().evaluate(built.graph(), built.inputs(), built.weights()),
                naive.evaluate(built.graph(), built.inputs(), built.weights()),
                backward.evaluate(built.graph(), built.inputs(), built.weights())));
  }

  @Override
  public String toString() {
    return name;
  }
}
