package org.drag4j.unet;

import java.util.ArrayList;
import java.util.List;
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
    for (var key :
        List.of(
            "addition_embed_type",
            "class_embed_type",
            "encoder_hid_dim_type",
            "encoder_hid_dim",
            "time_cond_proj_dim",
            "num_class_embeds",
            "cross_attention_norm",
            "time_embedding_dim",
            "time_embedding_act_fn",
            "timestep_post_act",
            "reverse_transformer_layers_per_block")) {
      if (c.has(key)) {
        throw c.unexpected(key, "null: networks of Stable Diffusion 1.x and 2.x have none");
      }
    }
    expect(c, "act_fn", "silu");
    expect(c, "time_embedding_type", "positional");
    expect(c, "resnet_time_scale_shift", "default");
    expect(c, "mid_block_type", "UNetMidBlock2DCrossAttn");
    expect(c, "attention_type", "default");
    for (var key : List.of("center_input_sample", "dual_cross_attention", "only_cross_attention")) {
      if (c.bool(key, false)) {
        throw c.unexpected(key, "false");
      }
    }
    for (var key :
        List.of("mid_block_scale_factor", "resnet_out_scale_factor", "downsample_padding")) {
      if (c.number(key, 1) != 1) {
        throw c.unexpected(key, "1");
      }
    }
    for (var key : List.of("conv_in_kernel", "conv_out_kernel")) {
      if (c.integer(key, 3) != 3) {
        throw c.unexpected(key, "3");
      }
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
      throw c.unexpected(key, "each " + without + " or " + with);
    }
    return type.equals(with);
  }

  private static void expect(Config c, String key, String value) {
    if (!c.string(key, value).equals(value)) {
      throw c.unexpected(key, value);
    }
  }
}
