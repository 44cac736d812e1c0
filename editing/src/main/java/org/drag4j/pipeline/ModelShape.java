package org.drag4j.pipeline;

import org.drag4j.unet.UNetConfig;
import org.drag4j.vae.VaeConfig;
import org.drag4j.weights.Config;
import org.drag4j.weights.ModelFolder;

/**
 * Sizes of a model's pictures, latents and contexts, from its configuration alone.
 *
 * @param nativeSize side of the pictures it was trained on, in pixels
 * @param factor pixels to a latent cell along each side
 * @param latentChannels of the autoencoder
 * @param scalingFactor latents are multiplied by it before the UNet sees them
 * @param unetChannels that the UNet takes: the latent's, and in an inpainting model mask and masked
 *     picture beside them
 * @param crossAttentionDim width of a text context
 */
public record ModelShape(
    int nativeSize,
    int factor,
    int latentChannels,
    float scalingFactor,
    int unetChannels,
    int crossAttentionDim) {
  /** The shape of a model by the configurations of two of its networks. */
  static ModelShape of(UNetConfig unet, VaeConfig vae) {
    return new ModelShape(
        unet.sampleSize() * vae.factor(),
        vae.factor(),
        vae.latentChannels(),
        vae.scalingFactor(),
        unet.inChannels(),
        unet.crossAttentionDim());
  }

  /**
   * The shape of a model that is not opened.
   *
   * @throws org.drag4j.weights.ModelException where a configuration is missing or damaged, or the
   *     model is of a kind that is not run
   */
  public static ModelShape of(ModelFolder folder) {
    ModelKind.check(folder);
    var unet = Config.read(folder.path().resolve("unet").resolve("config.json"));
    var vae = Config.read(folder.path().resolve("vae").resolve("config.json"));
    return of(UNetConfig.of(unet), VaeConfig.of(vae));
  }
}
