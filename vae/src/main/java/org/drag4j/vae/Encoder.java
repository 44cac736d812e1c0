package org.drag4j.vae;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.layer.Conv2d;
import org.drag4j.layer.Downsample2D;
import org.drag4j.layer.GroupNorm;
import org.drag4j.layer.ResnetBlock2D;
import org.drag4j.tensor.Weights;

/** Picture to moments. diffusers: {@code Encoder}. */
record Encoder(
    Conv2d convIn,
    List<DownBlock> downBlocks,
    MidBlock midBlock,
    GroupNorm normOut,
    Conv2d convOut) {

  /** diffusers: {@code DownEncoderBlock2D}. */
  record DownBlock(String path, List<ResnetBlock2D> resnets, Optional<Downsample2D> downsampler) {
    Value forward(Value x) {
      for (var r : resnets) {
        x = r.forward(x, null);
      }
      if (downsampler.isPresent()) {
        x = downsampler.get().forward(x);
      }
      return x.exposed(SiteKind.OUTPUT, path);
    }
  }

  static Encoder load(Weights w, VaeConfig c) {
    var channels = c.blockOutChannels();
    int coarsest = channels.getLast();
    var blocks = new ArrayList<DownBlock>();
    for (int i = 0; i < channels.size(); i++) {
      var at = w.at("down_blocks").at(i);
      int out = channels.get(i);
      var resnets = new ArrayList<ResnetBlock2D>();
      for (int k = 0; k < c.layersPerBlock(); k++) {
        int in = k == 0 ? channels.get(Math.max(0, i - 1)) : out;
        resnets.add(
            ResnetBlock2D.load(
                at.at("resnets").at(k), in, out, 0, c.normGroups(), AutoencoderKL.NORM_EPS));
      }
      blocks.add(
          new DownBlock(
              at.prefix(),
              List.copyOf(resnets),
              i == channels.size() - 1
                  ? Optional.empty()
                  : Optional.of(Downsample2D.load(at.at("downsamplers").at(0), out, true))));
    }
    return new Encoder(
        Conv2d.load(w.at("conv_in"), c.inChannels(), channels.getFirst(), 3, 1),
        List.copyOf(blocks),
        MidBlock.load(w.at("mid_block"), coarsest, c),
        GroupNorm.load(w.at("conv_norm_out"), c.normGroups(), coarsest, AutoencoderKL.NORM_EPS),
        Conv2d.load(w.at("conv_out"), coarsest, 2 * c.latentChannels(), 3, 1));
  }

  /** {@code x [N, H, W, 3]} to {@code [N, H/8, W/8, 2*latent]}. */
  Value forward(Value x) {
    var h = convIn.forward(x);
    for (var block : downBlocks) {
      h = block.forward(h);
    }
    return convOut.forward(normOut.forward(midBlock.forward(h)).silu());
  }
}
