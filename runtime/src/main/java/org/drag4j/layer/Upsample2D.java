package org.drag4j.layer;

import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.tensor.Weights;

/** Nearest-neighbour resize and a convolution. diffusers: {@code Upsample2D}. */
public record Upsample2D(String path, Conv2d conv) {
  public static Upsample2D load(Weights w, int channels) {
    return new Upsample2D(w.prefix(), Conv2d.load(w.at("conv"), channels, channels, 3, 1));
  }

  /** {@code x [N, H, W, C]} to {@code [N, height, width, C]}. */
  public Value forward(Value x, int height, int width) {
    return conv.forward(x.upsample(height, width)).exposed(SiteKind.OUTPUT, path);
  }
}
