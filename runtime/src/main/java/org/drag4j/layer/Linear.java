package org.drag4j.layer;

import org.drag4j.graph.Op;
import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Weights;

/** {@code x W^T + b} on the last dimension. PyTorch: {@code Linear}. */
public record Linear(String path, int in, int out, boolean bias) implements Layer {
  /** A layer with a bias where the checkpoint has one. */
  public static Linear load(Weights w, int in, int out) {
    w.require("weight", Shape.of(out, in));
    boolean bias = w.has("bias");
    if (bias) {
      w.require("bias", Shape.of(out));
    }
    return new Linear(w.prefix(), in, out, bias);
  }

  /** {@code x [.., in]} to {@code [.., out]}. */
  @Override
  public Value forward(Value x) {
    var g = x.graph();
    var weight = g.weight(path + ".weight", Shape.of(out, in));
    var y =
        bias
            ? g.node(new Op.Linear(true), path, x, weight, g.weight(path + ".bias", Shape.of(out)))
            : g.node(new Op.Linear(false), path, x, weight);
    return y.exposed(SiteKind.OUTPUT, path);
  }
}
