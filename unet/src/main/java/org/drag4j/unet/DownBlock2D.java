package org.drag4j.unet;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.layer.Downsample2D;
import org.drag4j.layer.ResnetBlock2D;
import org.drag4j.tensor.Weights;

/**
 * Residual blocks at one resolution, each followed by attention where the level has it, then a
 * downsampler but for the last level. diffusers: {@code DownBlock2D}, {@code CrossAttnDownBlock2D}.
 *
 * @param attentions as many as {@code resnets}, or none
 */
record DownBlock2D(
    String path,
    List<ResnetBlock2D> resnets,
    List<Transformer2DModel> attentions,
    Optional<Downsample2D> downsampler) {

  static DownBlock2D load(Weights w, UNetConfig c, int index) {
    var level = c.levels().get(index);
    int in = c.levels().get(Math.max(0, index - 1)).channels();
    var resnets = new ArrayList<ResnetBlock2D>();
    var attentions = new ArrayList<Transformer2DModel>();
    for (int i = 0; i < c.layersPerBlock(); i++) {
      resnets.add(
          ResnetBlock2D.load(
              w.at("resnets").at(i),
              i == 0 ? in : level.channels(),
              level.channels(),
              c.timeEmbedDim(),
              c.normGroups(),
              c.normEps()));
      if (level.downAttention()) {
        attentions.add(Transformer2DModel.load(w.at("attentions").at(i), c, level));
      }
    }
    boolean last = index == c.levels().size() - 1;
    return new DownBlock2D(
        w.prefix(),
        List.copyOf(resnets),
        List.copyOf(attentions),
        last
            ? Optional.empty()
            : Optional.of(Downsample2D.load(w.at("downsamplers").at(0), level.channels(), false)));
  }

  /** {@code x [N, H, W, in]} to {@code [N, H/2, W/2, C]}; appends what the up path reads. */
  Value forward(Value x, Value temb, Value context, List<Value> skips) {
    for (int i = 0; i < resnets.size(); i++) {
      x = resnets.get(i).forward(x, temb);
      if (!attentions.isEmpty()) {
        x = attentions.get(i).forward(x, context);
      }
      skips.add(x);
    }
    if (downsampler.isPresent()) {
      x = downsampler.get().forward(x);
      skips.add(x);
    }
    return x.exposed(SiteKind.OUTPUT, path);
  }
}
