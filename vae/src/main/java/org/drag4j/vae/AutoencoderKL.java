package org.drag4j.vae;

import java.util.Optional;
import org.drag4j.graph.Value;
import org.drag4j.layer.Conv2d;
import org.drag4j.tensor.Weights;
import org.drag4j.weights.Config;

/**
 * The variational autoencoder of latent diffusion (Rombach et al., CVPR 2022). diffusers: {@code
 * AutoencoderKL}.
 */
public record AutoencoderKL(
    VaeConfig config,
    Encoder encoder,
    Optional<Conv2d> quantConv,
    Optional<Conv2d> postQuantConv,
    Decoder decoder) {
  /** Fixed in diffusers' encoder and decoder. */
  static final float NORM_EPS = 1e-6f;

  /**
   * The autoencoder a configuration describes, every weight checked to be there.
   *
   * @throws org.drag4j.weights.ConfigException where the configuration is not understood
   * @throws org.drag4j.tensor.WeightMismatchException where configuration and weights disagree
   */
  public static AutoencoderKL load(Weights w, Config config) {
    var c = VaeConfig.of(config);
    int latent = c.latentChannels();
    return new AutoencoderKL(
        c,
        Encoder.load(w.at("encoder"), c),
        c.quantConv()
            ? Optional.of(Conv2d.load(w.at("quant_conv"), 2 * latent, 2 * latent, 1, 1))
            : Optional.empty(),
        c.postQuantConv()
            ? Optional.of(Conv2d.load(w.at("post_quant_conv"), latent, latent, 1, 1))
            : Optional.empty(),
        Decoder.load(w.at("decoder"), c));
  }

  /**
   * Mean and log variance of the posterior.
   *
   * @param image {@code [N, H, W, 3]} in [-1, 1]; H and W multiples of {@link VaeConfig#factor}
   * @return {@code [N, H/8, W/8, 2*latent]}: means, then log variances; not scaled
   */
  public Value encode(Value image) {
    var h = encoder.forward(image);
    return quantConv.isPresent() ? quantConv.get().forward(h) : h;
  }

  /**
   * The picture of a latent.
   *
   * @param z {@code [N, h, w, latent]}, already divided by the scaling factor
   * @return {@code [N, 8h, 8w, 3]}, about [-1, 1], not clamped
   */
  public Value decode(Value z) {
    return decoder.forward(postQuantConv.isPresent() ? postQuantConv.get().forward(z) : z);
  }
}
