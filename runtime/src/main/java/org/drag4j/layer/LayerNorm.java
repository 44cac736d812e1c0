package org.drag4j.layer;

import org.drag4j.graph.Op;
import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Weights;

/** Normalisation over the last dimension (Ba et al., 2016). PyTorch: {@code LayerNorm}. */
public record LayerNorm(String path, Param weight, Param bias, float eps) {
  public static LayerNorm load(Weights w, int channels, float eps) {
    var shape = Shape.of(channels);
    return new LayerNorm(w.prefix(), w.require("weight", shape), w.require("bias", shape), eps);
  }

  /** {@code x [.., channels]} to the same shape. */
  public Value forward(Value x) {
    var g = x.graph();
    return g.node(new Op.LayerNorm(eps), path, x, g.weight(weight), g.weight(bias))
        .exposed(SiteKind.OUTPUT, path);
  }
}
