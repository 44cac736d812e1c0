package org.drag4j.unet;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.drag4j.weights.Config;

/**
 * What {@code unet/config.json} says of the network's form.
 *
 * @param levels one entry a resolution, finest first
 * @param layersPerBlock residual blocks of a down block; an up block has one more
 * @param sampleSize side of the latent the network was trained on
 */
public record UNetConfig(
    int inChannels,
    int outChannels,
    List<Level> levels,
    int layersPerBlock,
    int crossAttentionDim,
    int normGroups,
    float normEps,
    boolean useLinearProjection,
    boolean flipSinToCos,
    float freqShift,
    int sampleSize) {

  /**
   * One resolution.
   *
   * @param heads heads of each attention
   * @param transformerLayers transformer blocks of each attention
   * @param downAttention whether the down block has attention; likewise {@code upAttention}
   */
  public record Level(
      int channels, int heads, int transformerLayers, boolean downAttention, boolean upAttention) {}

  public UNetConfig {
    levels = List.copyOf(levels);
  }

  private static final String MID_BLOCK = "mid_block_type";
  private static final String CLASS = "UNet2DConditionModel";

  private static final String REMEDY =
      "drag4j does not have such networks (yet); use a Stable Diffusion 1.x or 2.x model";

  /**
   * Keys that are read here, and keys that change nothing: what training needed, and {@code
   * upcast_attention}, since attention is computed in float32 whatever is stored.
   */
  private static final Set<String> READ =
      Set.of(
          "in_channels",
          "out_channels",
          "block_out_channels",
          "down_block_types",
          "up_block_types",
          "layers_per_block",
          "cross_attention_dim",
          "attention_head_dim",
          "num_attention_heads",
          "transformer_layers_per_block",
          "norm_num_groups",
          "norm_eps",
          "use_linear_projection",
          "flip_sin_to_cos",
          "freq_shift",
          "sample_size",
          "upcast_attention",
          "dropout",
          "addition_embed_type_num_heads",
          "decay",
          "inv_gamma",
          "min_decay",
          "optimization_step",
          "power",
          "update_after_step",
          "use_ema_warmup");

  /** The one value of each key that would change the network. */
  private static final Map<String, Object> USUAL =
      Map.of(
          "act_fn",
          "silu",
          "time_embedding_type",
          "positional",
          "resnet_time_scale_shift",
          "default",
          MID_BLOCK,
          "UNetMidBlock2DCrossAttn",
          "attention_type",
          "default",
          "mid_block_scale_factor",
          1,
          "resnet_out_scale_factor",
          1,
          "downsample_padding",
          1,
          "conv_in_kernel",
          3,
          "conv_out_kernel",
          3);

  /** Channels of the timestep embedding. */
  public int timeEmbedDim() {
    return 4 * levels.getFirst().channels();
  }

  /**
   * Reads the configuration.
   *
   * @throws org.drag4j.weights.ConfigException where a value is missing, out of range or of a
   *     variant of the network that is not implemented
   */
  public static UNetConfig of(Config c) {
    if (!c.string("_class_name", CLASS).equals(CLASS)) {
      throw c.refused("_class_name", CLASS, REMEDY);
    }
    if (c.isNull(MID_BLOCK)) { // as in distilled networks, which have none
      throw c.refused(MID_BLOCK, String.valueOf(USUAL.get(MID_BLOCK)), REMEDY);
    }
    for (var key : c.unread(READ, USUAL)) {
      throw c.refused(key, String.valueOf(USUAL.getOrDefault(key, "null or false")), REMEDY);
    }
    var channels = c.integers("block_out_channels");
    int n = channels.size();
    var down = c.strings("down_block_types");
    var up = c.strings("up_block_types");
    if (down.size() != n) {
      throw c.unexpected("down_block_types", n + " blocks, as many as block_out_channels");
    }
    if (up.size() != n) {
      throw c.unexpected("up_block_types", n + " blocks, as many as block_out_channels");
    }
    // diffusers kept the name attention_head_dim for what is the number of heads.
    var headsKey = c.has("num_attention_heads") ? "num_attention_heads" : "attention_head_dim";
    var heads = c.integers(headsKey, n, 8);
    var transformers = c.integers("transformer_layers_per_block", n, 1);
    int groups = c.integer("norm_num_groups", 32, 1, 1024);
    var levels = new ArrayList<Level>();
    for (int i = 0; i < n; i++) {
      if (channels.get(i) % groups != 0) {
        throw c.unexpected("block_out_channels", "multiples of norm_num_groups (" + groups + ")");
      }
      if (channels.get(i) % heads.get(i) != 0) {
        throw c.unexpected(headsKey, "divisors of block_out_channels");
      }
      levels.add(
          new Level(
              channels.get(i),
              heads.get(i),
              transformers.get(i),
              attention(c, "down_block_types", down.get(i), "DownBlock2D", "CrossAttnDownBlock2D"),
              attention(
                  c, "up_block_types", up.get(n - 1 - i), "UpBlock2D", "CrossAttnUpBlock2D")));
    }
    return new UNetConfig(
        c.integer("in_channels", 4, 1, 1024),
        c.integer("out_channels", 4, 1, 1024),
        levels,
        c.integer("layers_per_block", 2, 1, 64),
        c.integer("cross_attention_dim", 1280, 1, 1 << 16),
        groups,
        (float) c.number("norm_eps", 1e-5),
        c.bool("use_linear_projection", false),
        c.bool("flip_sin_to_cos", true),
        (float) c.number("freq_shift", 0),
        c.integer("sample_size", 64, 1, 1 << 14));
  }

  private static boolean attention(Config c, String key, String type, String without, String with) {
    if (!type.equals(without) && !type.equals(with)) {
      throw c.refused(key, "each " + without + " or " + with, REMEDY);
    }
    return type.equals(with);
  }
}
