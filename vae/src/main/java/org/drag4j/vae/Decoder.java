package org.drag4j.vae;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.layer.Conv2d;
import org.drag4j.layer.GroupNorm;
import org.drag4j.layer.ResnetBlock2D;
import org.drag4j.layer.Upsample2D;
import org.drag4j.tensor.Weights;

/** Latent to picture. diffusers: {@code Decoder}. */
record Decoder(
    Conv2d convIn, MidBlock midBlock, List<UpBlock> upBlocks, GroupNorm normOut, Conv2d convOut) {

  /** diffusers: {@code UpDecoderBlock2D}. */
  record UpBlock(String path, List<ResnetBlock2D> resnets, Optional<Upsample2D> upsampler) {
    Value forward(Value x) {
      for (var r : resnets) {
        x = r.forward(x, null);
      }
      if (upsampler.isPresent()) {
        x = upsampler.get().forward(x, 2 * x.shape().dim(1), 2 * x.shape().dim(2));
      }
      return x.exposed(SiteKind.OUTPUT, path);
    }
  }

  static Decoder load(Weights w, VaeConfig c) {
    var channels = c.blockOutChannels().reversed();
    var blocks = new ArrayList<UpBlock>();
    for (int i = 0; i < channels.size(); i++) {
      var at = w.at("up_blocks").at(i);
      int out = channels.get(i);
      var resnets = new ArrayList<ResnetBlock2D>();
      for (int k = 0; k <= c.layersPerBlock(); k++) {
        int in = k == 0 ? channels.get(Math.max(0, i - 1)) : out;
        resnets.add(
            ResnetBlock2D.load(
                at.at("resnets").at(k), in, out, 0, c.normGroups(), AutoencoderKL.NORM_EPS));
      }
      blocks.add(
          new UpBlock(
              at.prefix(),
              List.copyOf(resnets),
              i == channels.size() - 1
                  ? Optional.empty()
                  : Optional.of(Upsample2D.load(at.at("upsamplers").at(0), out))));
    }
    int finest = channels.getLast();
    return new Decoder(
        Conv2d.load(w.at("conv_in"), c.latentChannels(), channels.getFirst(), 3, 1),
        MidBlock.load(w.at("mid_block"), channels.getFirst(), c),
        List.copyOf(blocks),
        GroupNorm.load(w.at("conv_norm_out"), c.normGroups(), finest, AutoencoderKL.NORM_EPS),
        Conv2d.load(w.at("conv_out"), finest, c.outChannels(), 3, 1));
  }

  /** {@code z [N, h, w, latent]} to {@code [N, 8h, 8w, 3]}. */
  Value forward(Value z) {
    var h = midBlock.forward(convIn.forward(z));
    for (var block : upBlocks) {
      h = block.forward(h);
    }
    return convOut.forward(normOut.forward(h).silu());
  }
}
