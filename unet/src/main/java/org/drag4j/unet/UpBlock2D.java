package org.drag4j.unet;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.layer.ResnetBlock2D;
import org.drag4j.layer.Upsample2D;
import org.drag4j.tensor.Weights;

/**
 * Residual blocks that each read one skip of the down path, attention where the level has it, then
 * an upsampler but for the finest level. diffusers: {@code UpBlock2D}, {@code CrossAttnUpBlock2D}.
 *
 * @param attentions as many as {@code resnets}, or none
 */
record UpBlock2D(
    String path,
    List<ResnetBlock2D> resnets,
    List<Transformer2DModel> attentions,
    Optional<Upsample2D> upsampler) {

  /** Block {@code index} of the up path; its level counts from the coarsest. */
  static UpBlock2D load(Weights w, UNetConfig c, int index) {
    int levels = c.levels().size();
    int at = levels - 1 - index;
    var level = c.levels().get(at);
    int fromBelow = c.levels().get(Math.min(levels - 1, at + 1)).channels();
    int nextFiner = c.levels().get(Math.max(0, at - 1)).channels();
    var resnets = new ArrayList<ResnetBlock2D>();
    var attentions = new ArrayList<Transformer2DModel>();
    for (int i = 0; i <= c.layersPerBlock(); i++) {
      int skip = i == c.layersPerBlock() ? nextFiner : level.channels();
      resnets.add(
          ResnetBlock2D.load(
              w.at("resnets").at(i),
              (i == 0 ? fromBelow : level.channels()) + skip,
              level.channels(),
              c.timeEmbedDim(),
              c.normGroups(),
              c.normEps()));
      if (level.upAttention()) {
        attentions.add(Transformer2DModel.load(w.at("attentions").at(i), c, level));
      }
    }
    return new UpBlock2D(
        w.prefix(),
        List.copyOf(resnets),
        List.copyOf(attentions),
        at == 0
            ? Optional.empty()
            : Optional.of(Upsample2D.load(w.at("upsamplers").at(0), level.channels())));
  }

  /**
   * {@code x [N, H, W, in]} to {@code [N, 2H, 2W, C]}; takes its skips from the end of the list.
   */
  Value forward(Value x, Value temb, Value context, List<Value> skips) {
    for (int i = 0; i < resnets.size(); i++) {
      x = resnets.get(i).forward(x.concat(skips.removeLast()), temb);
      if (!attentions.isEmpty()) {
        x = attentions.get(i).forward(x, context);
      }
    }
    if (upsampler.isPresent()) {
      // The finer skip says how large: twice as large only where the size was even.
      var finer = skips.getLast().shape();
      x = upsampler.get().forward(x, finer.dim(1), finer.dim(2));
    }
    return x.exposed(SiteKind.OUTPUT, path);
  }
}
