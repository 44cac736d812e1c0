package org.drag4j.unet;

import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.layer.ResnetBlock2D;
import org.drag4j.tensor.Weights;

/** Residual block, attention, residual block at the coarsest resolution. diffusers: same name. */
record UNetMidBlock2DCrossAttn(
    String path, ResnetBlock2D first, Transformer2DModel attention, ResnetBlock2D second) {

  static UNetMidBlock2DCrossAttn load(Weights w, UNetConfig c) {
    var level = c.levels().getLast();
    return new UNetMidBlock2DCrossAttn(
        w.prefix(),
        resnet(w.at("resnets").at(0), c, level.channels()),
        Transformer2DModel.load(w.at("attentions").at(0), c, level),
        resnet(w.at("resnets").at(1), c, level.channels()));
  }

  private static ResnetBlock2D resnet(Weights w, UNetConfig c, int channels) {
    return ResnetBlock2D.load(w, channels, channels, c.timeEmbedDim(), c.normGroups(), c.normEps());
  }

  /** {@code x [N, H, W, C]} to the same shape. */
  Value forward(Value x, Value temb, Value context) {
    var h = attention.forward(first.forward(x, temb), context);
    return second.forward(h, temb).exposed(SiteKind.OUTPUT, path);
  }
}
