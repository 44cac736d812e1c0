package org.drag4j.layer;

import org.drag4j.graph.Op;
import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Weights;

/**
 * Normalisation over space and groups of channels (Wu and He, 2018). PyTorch: {@code GroupNorm}.
 */
public record GroupNorm(String path, int groups, Param weight, Param bias, float eps) {
  public static GroupNorm load(Weights w, int groups, int channels, float eps) {
    var shape = Shape.of(channels);
    return new GroupNorm(
        w.prefix(), groups, w.require("weight", shape), w.require("bias", shape), eps);
  }

  /** {@code x [N, .., channels]} to the same shape. */
  public Value forward(Value x) {
    var g = x.graph();
    return g.node(new Op.GroupNorm(groups, eps), path, x, g.weight(weight), g.weight(bias))
        .exposed(SiteKind.OUTPUT, path);
  }
}
