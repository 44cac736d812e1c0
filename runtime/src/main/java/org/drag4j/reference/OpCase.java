package org.drag4j.reference;

import java.util.function.Consumer;
import org.drag4j.tensor.DType;

/**
 * A small graph that tries one operation, or one sequence of them.
 *
 * @param name says what it tries
 * @param row the row of the support matrix it counts for
 * @param seed of its numbers and, where the name says none, its sizes
 * @param weightType element type of its checkpoint
 * @param network makes inputs, weights, nodes and names the outputs
 */
public record OpCase(
    String name, String row, long seed, DType weightType, Consumer<CaseGraph> network) {
  /** Graph, inputs and weights; new ones each time, with the same numbers. */
  public CaseGraph build() {
    var g = new CaseGraph(seed, weightType);
    network.accept(g);
    return g;
  }

  /**
   * This case with its operations between two others, which multiply by 1: what they read and write
   * is then neither input nor output of a plan.
   */
  public OpCase between() {
    var longer = name + ", between";
    return new OpCase(longer, row, longer.hashCode(), weightType, g -> g.between(network));
  }

  @Override
  public String toString() {
    return name;
  }
}
