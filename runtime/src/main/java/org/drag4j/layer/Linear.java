package org.drag4j.layer;

import java.util.Optional;
import org.drag4j.graph.Op;
import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Weights;

/** {@code x W^T + b} on the last dimension. PyTorch: {@code Linear}. */
public record Linear(String path, Param weight, Optional<Param> bias) implements Layer {
  /** A layer with a bias where the checkpoint has one. */
  public static Linear load(Weights w, int in, int out) {
    var weight = w.require("weight", Shape.of(out, in));
    var bias =
        w.has("bias") ? Optional.of(w.require("bias", Shape.of(out))) : Optional.<Param>empty();
    return new Linear(w.prefix(), weight, bias);
  }

  /** {@code x [.., in]} to {@code [.., out]}. */
  @Override
  public Value forward(Value x) {
    var g = x.graph();
    var w = g.weight(weight);
    var y =
        bias.map(b -> g.node(new Op.Linear(true), path, x, w, g.weight(b)))
            .orElseGet(() -> g.node(new Op.Linear(false), path, x, w));
    return y.exposed(SiteKind.OUTPUT, path);
  }
}
