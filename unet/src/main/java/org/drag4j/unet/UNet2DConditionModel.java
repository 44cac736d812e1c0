package org.drag4j.unet;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.drag4j.graph.Value;
import org.drag4j.layer.Conv2d;
import org.drag4j.layer.GroupNorm;
import org.drag4j.tensor.Weights;
import org.drag4j.weights.Config;

/**
 * The network that predicts the noise (or velocity) in a latent at a timestep, given a context
 * (Rombach et al., CVPR 2022). diffusers: {@code UNet2DConditionModel}.
 */
public record UNet2DConditionModel(
    UNetConfig config,
    TimestepEmbedding timeEmbedding,
    Conv2d convIn,
    List<DownBlock2D> downBlocks,
    UNetMidBlock2DCrossAttn midBlock,
    List<UpBlock2D> upBlocks,
    GroupNorm convNormOut,
    Conv2d convOut) {

  /**
   * The network a configuration describes, every weight checked to be there.
   *
   * @throws org.drag4j.weights.ConfigException where the configuration is not understood
   * @throws org.drag4j.tensor.WeightMismatchException where configuration and weights disagree
   */
  public static UNet2DConditionModel load(Weights w, Config config) {
    var c = UNetConfig.of(config);
    int levels = c.levels().size();
    int finest = c.levels().getFirst().channels();
    return new UNet2DConditionModel(
        c,
        TimestepEmbedding.load(w.at("time_embedding"), c),
        Conv2d.load(w.at("conv_in"), c.inChannels(), finest, 3, 1),
        IntStream.range(0, levels)
            .mapToObj(i -> DownBlock2D.load(w.at("down_blocks").at(i), c, i))
            .toList(),
        UNetMidBlock2DCrossAttn.load(w.at("mid_block"), c),
        IntStream.range(0, levels)
            .mapToObj(i -> UpBlock2D.load(w.at("up_blocks").at(i), c, i))
            .toList(),
        GroupNorm.load(w.at("conv_norm_out"), c.normGroups(), finest, c.normEps()),
        Conv2d.load(w.at("conv_out"), finest, c.outChannels(), 3, 1));
  }

  /**
   * One prediction for each sample of a batch.
   *
   * @param sample {@code [N, H, W, inChannels]}
   * @param timestep {@code [N]}, 0 to 999, each sample its own
   * @param encoderHiddenStates {@code [N, S, crossAttentionDim]}
   * @return {@code [N, H, W, outChannels]}
   */
  public Value forward(Value sample, Value timestep, Value encoderHiddenStates) {
    var emb = timeEmbedding.forward(timestep); // [N, T]
    // Every residual block starts with this SiLU; it is the same for all of them.
    var temb = emb.silu().reshape(emb.shape().dim(0), 1, 1, emb.shape().dim(1)); // [N, 1, 1, T]
    var x = convIn.forward(sample); // [N, H, W, C]
    var skips = new ArrayList<>(List.of(x));
    for (var block : downBlocks) {
      x = block.forward(x, temb, encoderHiddenStates, skips);
    }
    x = midBlock.forward(x, temb, encoderHiddenStates);
    for (var block : upBlocks) {
      x = block.forward(x, temb, encoderHiddenStates, skips);
    }
    return convOut.forward(convNormOut.forward(x).silu()); // [N, H, W, outChannels]
  }
}
