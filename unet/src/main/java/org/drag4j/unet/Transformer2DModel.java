package org.drag4j.unet;

import java.util.List;
import java.util.stream.IntStream;
import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.layer.Conv2d;
import org.drag4j.layer.GroupNorm;
import org.drag4j.layer.Layer;
import org.drag4j.layer.Linear;
import org.drag4j.tensor.Weights;

/**
 * Transformer blocks over the pixels of an image, added to it. The projections around them are 1x1
 * convolutions (SD 1.x) or linear layers (SD 2.x). diffusers: {@code Transformer2DModel}.
 */
record Transformer2DModel(
    String path, GroupNorm norm, Layer projIn, List<BasicTransformerBlock> blocks, Layer projOut) {
  /** Fixed in diffusers, whatever the network's own norm_eps. */
  private static final float EPS = 1e-6f;

  static Transformer2DModel load(Weights w, UNetConfig c, UNetConfig.Level level) {
    int dim = level.channels();
    return new Transformer2DModel(
        w.prefix(),
        GroupNorm.load(w.at("norm"), c.normGroups(), dim, EPS),
        projection(w.at("proj_in"), c, dim),
        IntStream.range(0, level.transformerLayers())
            .mapToObj(i ->
                BasicTransformerBlock.load(
                    w.at("transformer_blocks").at(i), level.heads(), dim, c.crossAttentionDim()))
            .toList(),
        projection(w.at("proj_out"), c, dim));
  }

  private static Layer projection(Weights w, UNetConfig c, int dim) {
    return c.useLinearProjection() ? Linear.load(w, dim, dim) : Conv2d.load(w, dim, dim, 1, 1);
  }

  /** {@code x [N, H, W, C]} and {@code context [N, S, D]} to {@code [N, H, W, C]}. */
  Value forward(Value x, Value context) {
    var s = x.shape();
    var h = projIn.forward(norm.forward(x)); // [N, H, W, C]
    h = h.reshape(s.dim(0), s.dim(1) * s.dim(2), s.dim(3)); // [N, T, C]
    for (var block : blocks) {
      h = block.forward(h, context);
    }
    h = h.reshape(s.dim(0), s.dim(1), s.dim(2), s.dim(3)); // [N, H, W, C]
    return x.plus(projOut.forward(h)).exposed(SiteKind.OUTPUT, path);
  }
}
