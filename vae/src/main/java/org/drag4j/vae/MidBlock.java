package org.drag4j.vae;

import java.util.Optional;
import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.layer.Attention;
import org.drag4j.layer.GroupNorm;
import org.drag4j.layer.ResnetBlock2D;
import org.drag4j.tensor.Weights;

/**
 * Residual block, single-head attention over all pixels, residual block. diffusers: {@code
 * UNetMidBlock2D}.
 */
record MidBlock(
    String path, ResnetBlock2D first, Optional<SpatialAttention> attention, ResnetBlock2D second) {

  /** Attention over the pixels of a normalised image, added to it. */
  record SpatialAttention(String path, GroupNorm groupNorm, Attention attention) {
    static SpatialAttention load(Weights w, int channels, int groups) {
      return new SpatialAttention(
          w.prefix(),
          GroupNorm.load(w.at("group_norm"), groups, channels, AutoencoderKL.NORM_EPS),
          Attention.load(w, Attention.Kind.SELF, 1, channels, channels));
    }

    /** {@code x [N, H, W, C]} to the same shape. */
    Value forward(Value x) {
      var s = x.shape();
      var h = groupNorm.forward(x).reshape(s.dim(0), s.dim(1) * s.dim(2), s.dim(3)); // [N, T, C]
      h = attention.forward(h, h).reshape(s.dim(0), s.dim(1), s.dim(2), s.dim(3));
      return x.plus(h);
    }
  }

  static MidBlock load(Weights w, int channels, VaeConfig c) {
    int groups = c.normGroups();
    return new MidBlock(
        w.prefix(),
        ResnetBlock2D.load(
            w.at("resnets").at(0), channels, channels, 0, groups, AutoencoderKL.NORM_EPS),
        c.midAttention()
            ? Optional.of(SpatialAttention.load(w.at("attentions").at(0), channels, groups))
            : Optional.empty(),
        ResnetBlock2D.load(
            w.at("resnets").at(1), channels, channels, 0, groups, AutoencoderKL.NORM_EPS));
  }

  /** {@code x [N, H, W, C]} to the same shape. */
  Value forward(Value x) {
    var h = first.forward(x, null);
    if (attention.isPresent()) {
      h = attention.get().forward(h);
    }
    return second.forward(h, null).exposed(SiteKind.OUTPUT, path);
  }
}
