package org.drag4j.vae;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.drag4j.weights.Config;

/**
 * What {@code vae/config.json} says of the autoencoder's form.
 *
 * @param scalingFactor latents are multiplied by it before the denoiser sees them
 * @param quantConv whether a 1x1 convolution follows the encoder and precedes the decoder
 */
public record VaeConfig(
    int inChannels,
    int outChannels,
    int latentChannels,
    List<Integer> blockOutChannels,
    int layersPerBlock,
    int normGroups,
    float scalingFactor,
    boolean quantConv,
    boolean postQuantConv,
    boolean midAttention) {

  public VaeConfig {
    blockOutChannels = List.copyOf(blockOutChannels);
  }

  private static final String CLASS = "AutoencoderKL";

  private static final String REMEDY =
      "drag4j does not have such autoencoders (yet); use the vae of a Stable Diffusion 1.x or 2.x"
          + " model";

  /**
   * Keys that are read here, and keys that change nothing: {@code force_upcast}, since sums,
   * statistics and softmax are in float32 whatever is stored.
   */
  private static final Set<String> READ =
      Set.of(
          "in_channels",
          "out_channels",
          "latent_channels",
          "block_out_channels",
          "down_block_types",
          "up_block_types",
          "layers_per_block",
          "norm_num_groups",
          "scaling_factor",
          "use_quant_conv",
          "use_post_quant_conv",
          "mid_block_add_attention",
          "sample_size",
          "force_upcast");

  /** Pixels of the picture to one latent cell, along a side. */
  public int factor() {
    return 1 << (blockOutChannels.size() - 1);
  }

  /**
   * Reads the configuration.
   *
   * @throws org.drag4j.weights.ConfigException where a value is missing, out of range or of a
   *     variant of the autoencoder that is not implemented
   */
  public static VaeConfig of(Config c) {
    if (!c.string("_class_name", CLASS).equals(CLASS)) {
      throw c.refused("_class_name", CLASS, REMEDY);
    }
    for (var key : c.unread(READ, Map.of("act_fn", "silu"))) {
      throw c.refused(key, key.equals("act_fn") ? "silu" : "null or false", REMEDY);
    }
    var channels = c.integers("block_out_channels");
    int groups = c.integer("norm_num_groups", 32, 1, 1024);
    for (int n : channels) {
      if (n % groups != 0) {
        throw c.unexpected("block_out_channels", "multiples of norm_num_groups (" + groups + ")");
      }
    }
    blocks(c, "down_block_types", "DownEncoderBlock2D", channels.size());
    blocks(c, "up_block_types", "UpDecoderBlock2D", channels.size());
    double scaling = c.number("scaling_factor", 0.18215);
    if (!(scaling > 0 && scaling < 1e6)) {
      throw c.unexpected("scaling_factor", "a positive number");
    }
    return new VaeConfig(
        c.integer("in_channels", 3, 1, 64),
        c.integer("out_channels", 3, 1, 64),
        c.integer("latent_channels", 4, 1, 64),
        channels,
        c.integer("layers_per_block", 1, 1, 64),
        groups,
        (float) scaling,
        c.bool("use_quant_conv", true),
        c.bool("use_post_quant_conv", true),
        c.bool("mid_block_add_attention", true));
  }

  private static void blocks(Config c, String key, String type, int levels) {
    if (!c.strings(key).equals(Collections.nCopies(levels, type))) {
      throw c.refused(key, levels + " times " + type, REMEDY);
    }
  }
}
