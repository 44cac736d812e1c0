package org.drag4j.pipeline;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.drag4j.weights.Config;
import org.drag4j.weights.ConfigException;
import org.drag4j.weights.ModelFolder;

/** Knows published kinds of models that this project does not run, and says what they are. */
final class ModelKind {
  private static final String OTHER = "use a Stable Diffusion 1.x or 2.x model";

  /** What a pipeline's class begins with, and the family it runs. */
  private static final Map<String, String> PIPELINES =
      Map.ofEntries(
          Map.entry("StableDiffusionXL", "Stable Diffusion XL"),
          Map.entry("StableDiffusion3", "Stable Diffusion 3"),
          Map.entry("Flux", "FLUX"),
          Map.entry("PixArt", "PixArt"),
          Map.entry("Kandinsky", "Kandinsky"),
          Map.entry("Kolors", "Kolors"),
          Map.entry("IF", "DeepFloyd IF"),
          Map.entry("Wuerstchen", "Wuerstchen"),
          Map.entry("StableCascade", "Stable Cascade"),
          Map.entry("StableUnCLIP", "Stable unCLIP"),
          Map.entry("LatentConsistency", "a latent consistency model (LCM)"));

  /** What UNets of other channels than a latent's take beside it. */
  private static final Map<Integer, String> CHANNELS =
      Map.of(
          5, "a depth-to-image model: its UNet takes a depth map beside the latent",
          7, "an upscaler: its UNet takes the small picture beside the latent",
          8, "an InstructPix2Pix model: its UNet takes the picture beside the latent",
          9, "an inpainting model: its UNet takes a mask and the masked picture beside the latent");

  private ModelKind() {}

  /**
   * Refuses a model of a known other kind.
   *
   * @throws ConfigException saying what it is
   */
  static void check(ModelFolder folder) {
    var pipeline = folder.index().flatMap(index -> index.text("_class_name")).orElse("");
    PIPELINES.forEach((prefix, family) -> {
      if (pipeline.startsWith(prefix)) {
        throw other(folder.path(), family + " (" + pipeline + ")", OTHER);
      }
    });
    if (folder.has("transformer") && !folder.has("unet")) {
      var name = pipeline.isEmpty() ? "" : " (" + pipeline + ")";
      throw other(folder.path(), "a diffusion transformer" + name, OTHER);
    }
    var unet = config(folder, "unet");
    if (folder.has("text_encoder_2")
        || unet.flatMap(c -> c.text("addition_embed_type")).orElse("").equals("text_time")) {
      throw other(folder.path(), "Stable Diffusion XL", OTHER);
    }
    if (unet.isPresent() && unet.get().has("time_cond_proj_dim")) {
      throw other(
          folder.path(), "a latent consistency model (LCM)", "use the model it was distilled from");
    }
    var kind = unet.map(c -> CHANNELS.get(c.integer("in_channels", 4)));
    if (kind.isPresent()) {
      throw other(folder.path(), kind.get(), "use the model it was trained from");
    }
    var vae = config(folder, "vae").flatMap(c -> c.text("_class_name")).orElse("");
    if (vae.equals("AutoencoderTiny")) {
      throw other(
          folder.path().resolve("vae"),
          "a tiny autoencoder (TAESD)",
          "put the vae of the model it was made for, an AutoencoderKL, in its place");
    }
  }

  private static Optional<Config> config(ModelFolder folder, String component) {
    var file = folder.path().resolve(component).resolve("config.json");
    return Files.exists(file) ? Optional.of(Config.read(file)) : Optional.empty();
  }

  private static ConfigException other(Path path, String what, String remedy) {
    return new ConfigException(
        "%s: expected a Stable Diffusion 1.x or 2.x model, got %s, which drag4j does not run (yet); %s"
            .formatted(path, what, remedy));
  }
}
