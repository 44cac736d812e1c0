package org.drag4j.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A model in the diffusers folder layout: {@code unet}, {@code vae}, {@code text_encoder}, {@code
 * tokenizer}, {@code scheduler}, each with its configuration; {@code model_index.json} may be
 * absent.
 */
public record ModelFolder(Path path) {
  private static final String INDEX = "model_index.json";
  private static final Pattern PICKLED = Pattern.compile(".*\\.(bin|ckpt|pth?)");
  private static final int SHOWN = 8;

  /** Where a network's weights may be, the first that exists wins. */
  static final List<String> WEIGHT_FILES =
      List.of(
          "diffusion_pytorch_model.safetensors",
          "diffusion_pytorch_model.fp16.safetensors",
          "model.safetensors",
          "model.fp16.safetensors",
          "diffusion_pytorch_model.safetensors.index.json",
          "diffusion_pytorch_model.fp16.safetensors.index.json",
          "diffusion_pytorch_model.safetensors.index.fp16.json",
          "model.safetensors.index.json",
          "model.fp16.safetensors.index.json",
          "model.safetensors.index.fp16.json");

  /**
   * The model in this folder.
   *
   * @throws ModelNotFoundException where there is no such folder, or it holds no network
   */
  public static ModelFolder open(Path path) {
    if (!Files.exists(path)) {
      throw new ModelNotFoundException(
          path + ": expected a model folder, got nothing of that name; check the path");
    }
    if (!Files.isDirectory(path)) {
      throw new ModelNotFoundException(
          path
              + ": expected a model folder in the diffusers layout, got a file; name the folder"
              + " that holds unet, vae and text_encoder");
    }
    if (!Files.exists(path.resolve(INDEX)) && !Files.isDirectory(path.resolve("unet"))) {
      throw new ModelNotFoundException(
          "%s: expected a model folder with %s or unet, got %s; name the folder that holds them"
              .formatted(path, INDEX, listing(path)));
    }
    return new ModelFolder(path);
  }

  /** Whether the folder has this component. */
  public boolean has(String component) {
    return Files.isDirectory(path.resolve(component));
  }

  /**
   * Opens a network's configuration and weights. Older names are translated for {@code vae} and
   * text encoders.
   *
   * @param name {@code unet}, {@code vae}, {@code text_encoder}
   * @throws ModelNotFoundException where a file is missing, naming it
   * @throws ModelException where a file is damaged
   */
  public Component component(String name) {
    var folder = folder(name);
    var config = Config.read(folder.resolve("config.json"));
    var weights = WeightFile.open(weights(folder));
    boolean adapted = false;
    try {
      var renamed =
          switch (name) {
            case "vae" -> RenamedWeights.autoencoder(weights);
            case "text_encoder", "text_encoder_2" -> RenamedWeights.textEncoder(weights);
            default -> weights;
          };
      adapted = true;
      return new Component(name, config, renamed, folder);
    } finally {
      if (!adapted) {
        weights.close();
      }
    }
  }

  /**
   * The scheduler's configuration.
   *
   * @throws ModelNotFoundException where there is none
   */
  public Config schedulerConfig() {
    return Config.read(folder("scheduler").resolve("scheduler_config.json"));
  }

  /** {@code model_index.json}, where there is one. */
  public Optional<Config> index() {
    var file = path.resolve(INDEX);
    return Files.exists(file) ? Optional.of(Config.read(file)) : Optional.empty();
  }

  /**
   * The tokenizer's own vocabulary; empty where the folder brings none.
   *
   * @throws ModelNotFoundException where only one of its two files is there
   * @throws ConfigException where one is damaged
   */
  public Optional<Vocabulary> vocabulary() {
    var vocab = path.resolve("tokenizer").resolve("vocab.json");
    var merges = path.resolve("tokenizer").resolve("merges.txt");
    if (!Files.exists(vocab) && !Files.exists(merges)) {
      return Optional.empty();
    }
    return Optional.of(Vocabulary.read(vocab, merges));
  }

  /** The token that fills a prompt up to its length, where the tokenizer names one. */
  public Optional<String> padToken() {
    for (var name : List.of("special_tokens_map.json", "tokenizer_config.json")) {
      var file = path.resolve("tokenizer").resolve(name);
      if (Files.exists(file)) {
        var config = Config.read(file);
        if (config.has("pad_token")) {
          var object = config.object("pad_token");
          return Optional.of(
              object.isPresent() ? object.get().string("content") : config.string("pad_token"));
        }
      }
    }
    return Optional.empty();
  }

  private Path folder(String component) {
    var folder = path.resolve(component);
    if (!Files.isDirectory(folder)) {
      throw new ModelNotFoundException(
          "%s: expected a folder %s, got %s; fetch the missing part of the model"
              .formatted(path, component, listing(path)));
    }
    return folder;
  }

  private static Path weights(Path folder) {
    for (var name : WEIGHT_FILES) {
      var file = folder.resolve(name);
      if (Files.exists(file)) {
        return file;
      }
    }
    boolean pickled = names(folder).stream().anyMatch(n -> PICKLED.matcher(n).matches());
    throw new ModelNotFoundException(
        "%s: expected weights in %s, got %s; %s"
            .formatted(
                folder,
                String.join(" or ", WEIGHT_FILES.subList(0, 4)),
                listing(folder),
                pickled
                    ? "pickled weights can run code when read, convert them to safetensors"
                    : "fetch the missing file"));
  }

  /** The first names in a folder, for an error message. */
  private static String listing(Path folder) {
    var names = names(folder);
    if (names.isEmpty()) {
      return "an empty folder";
    }
    var first = String.join(", ", names.subList(0, Math.min(SHOWN, names.size())));
    return names.size() > SHOWN ? first + ", ..." : first;
  }

  private static List<String> names(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .limit(1000)
          .map(f -> Json.printable(String.valueOf(f.getFileName())))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new ModelNotFoundException(Json.unreadable(folder.toString(), e));
    }
  }
}
