package org.drag4j.layer;

import org.drag4j.graph.Graph;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Weights;

/** Rows of a table by index. PyTorch: {@code Embedding}. */
public record Embedding(String path, Param weight) {
  public static Embedding load(Weights w, int count, int dim) {
    return new Embedding(w.prefix(), w.require("weight", Shape.of(count, dim)));
  }

  /** {@code ids [N, T]} (I32) to {@code [N, T, dim]}. */
  public Value forward(Value ids) {
    return ids.graph().node(new Op.Embedding(), path, ids, table(ids.graph()));
  }

  /** The whole table {@code [count, dim]}. */
  public Value table(Graph g) {
    return g.weight(weight);
  }
}
