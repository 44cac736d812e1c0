package org.drag4j.layer;

import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.tensor.Weights;

/** A convolution of stride 2. diffusers: {@code Downsample2D}. */
public record Downsample2D(String path, Conv2d conv) {
  /** Padded by 1 on every side, or, where {@code asymmetric}, below and right only. */
  public static Downsample2D load(Weights w, int channels, boolean asymmetric) {
    return new Downsample2D(
        w.prefix(), Conv2d.load(w.at("conv"), channels, channels, 3, 2, asymmetric ? 0 : 1, 1));
  }

  /** {@code x [N, H, W, C]} to {@code [N, H/2, W/2, C]}. */
  public Value forward(Value x) {
    return conv.forward(x).exposed(SiteKind.OUTPUT, path);
  }
}
