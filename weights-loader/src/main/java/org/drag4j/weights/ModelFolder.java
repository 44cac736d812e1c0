package org.drag4j.weights;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
  private static final int MAX_REF = 1024;
  private static final String TOKENIZER = "tokenizer";
  private static final String TOKENIZER_CONFIG = "tokenizer_config.json";

  /** Vocabularies of tokenizers that are not CLIP's. */
  private static final Pattern OTHER_VOCABULARY =
      Pattern.compile(".*\\.(model|spm|tiktoken)|vocab\\.txt");

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
   * The model in this folder, or the current snapshot of a repository in Hugging Face's cache
   * ({@code models--owner--name}).
   *
   * @throws ModelNotFoundException where there is no such folder, or it holds no network
   */
  public static ModelFolder open(Path path) {
    if (!Links.exists(path)) {
      throw new ModelNotFoundException(
          path + ": expected a model folder, got nothing of that name; check the path");
    }
    if (!Files.isDirectory(path)) {
      throw new ModelNotFoundException(
          path
              + ": expected a model folder in the diffusers layout, got a file; name the folder"
              + " that holds unet, vae and text_encoder");
    }
    if (Files.isDirectory(path.resolve("snapshots")) && !Files.isDirectory(path.resolve("unet"))) {
      return open(snapshot(path));
    }
    if (!Links.exists(path.resolve(INDEX)) && !Files.isDirectory(path.resolve("unet"))) {
      if (Files.isDirectory(path.resolve("transformer"))) {
        throw new ConfigException(
            path
                + ": expected a model with a UNet, got a diffusion transformer, which drag4j does"
                + " not run (yet); use a Stable Diffusion 1.x or 2.x model");
      }
      throw new ModelNotFoundException(
          "%s: expected a model folder with %s or unet, got %s; name %s"
              .formatted(
                  path,
                  INDEX,
                  listing(path),
                  names(path).stream().anyMatch(n -> n.startsWith("models--"))
                      ? "one of the folders models--..."
                      : "the folder that holds them"));
    }
    return new ModelFolder(path);
  }

  /** The snapshot that a cached repository's main branch is at, or else its only one. */
  private static Path snapshot(Path repository) {
    var snapshots = repository.resolve("snapshots");
    var ref = repository.resolve("refs").resolve("main");
    var names = names(snapshots);
    if (Links.exists(ref)) {
      var commit = new String(Json.bytes(ref, MAX_REF, ConfigException::new), US_ASCII).strip();
      if (!commit.matches("[0-9A-Za-z]{1,64}") || !Files.isDirectory(snapshots.resolve(commit))) {
        throw new ModelNotFoundException(
            "%s: expected the name of a folder in %s, got %s, there is %s; finish the download, or"
                    .formatted(ref, snapshots, Json.quote(commit), listing(snapshots))
                + " name one of them");
      }
      return snapshots.resolve(commit);
    }
    if (names.size() != 1) {
      throw new ModelNotFoundException(
          "%s: expected refs/main or one snapshot, got %s; name one of the folders in snapshots"
              .formatted(repository, listing(snapshots)));
    }
    return snapshots.resolve(names.getFirst());
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
    return Links.exists(file) ? Optional.of(Config.read(file)) : Optional.empty();
  }

  /**
   * The tokenizer's own vocabulary, from {@code vocab.json} and {@code merges.txt} or else from
   * {@code tokenizer.json}; empty where the folder brings none.
   *
   * @throws ModelNotFoundException where only one of the first two files is there
   * @throws ConfigException where one is damaged, or the folder holds a tokenizer of another kind
   */
  public Optional<Vocabulary> vocabulary() {
    var folder = path.resolve(TOKENIZER);
    if (!Links.exists(folder)) {
      return Optional.empty();
    }
    var vocab = folder.resolve("vocab.json");
    var merges = folder.resolve("merges.txt");
    if (Links.exists(vocab) || Links.exists(merges)) {
      return Optional.of(Vocabulary.read(vocab, merges));
    }
    var whole = wholeTokenizer();
    if (whole.isPresent()) {
      return Optional.of(whole.get().vocabulary());
    }
    if (Files.isDirectory(folder)
        && names(folder).stream().anyMatch(n -> OTHER_VOCABULARY.matcher(n).matches())) {
      throw new ConfigException(
          "%s: expected CLIP's tokenizer, vocab.json with merges.txt or tokenizer.json, got %s; fetch"
                  .formatted(folder, listing(folder))
              + " one of these, or use a Stable Diffusion 1.x or 2.x model");
    }
    return Optional.empty();
  }

  /**
   * The tokens that the tokenizer has beside its vocabulary, by text: of {@code added_tokens.json},
   * {@code tokenizer_config.json} and, where it brings the vocabulary, {@code tokenizer.json}.
   *
   * @throws ConfigException where a file is damaged, or two of them differ
   */
  public Map<String, AddedToken> addedTokens() {
    var folder = path.resolve(TOKENIZER);
    var all = new LinkedHashMap<String, AddedToken>();
    wholeTokenizer().ifPresent(whole -> all.putAll(whole.added()));
    var config = folder.resolve(TOKENIZER_CONFIG);
    if (Links.exists(config)) {
      merge(all, AddedToken.decoder(Config.read(config)), config);
    }
    var added = folder.resolve("added_tokens.json");
    if (Links.exists(added)) {
      merge(all, AddedToken.read(added), added);
    }
    return Collections.unmodifiableMap(all);
  }

  /** {@code tokenizer.json}, where the vocabulary has no files of its own. */
  private Optional<TokenizerFile> wholeTokenizer() {
    var folder = path.resolve(TOKENIZER);
    var file = folder.resolve("tokenizer.json");
    return Links.exists(file) && !Links.exists(folder.resolve("vocab.json"))
        ? Optional.of(TokenizerFile.read(file))
        : Optional.empty();
  }

  private static void merge(Map<String, AddedToken> all, Map<String, AddedToken> more, Path from) {
    more.forEach((text, token) -> {
      var known = all.putIfAbsent(text, token);
      if (known != null && known.id() != token.id()) {
        throw new ConfigException(
            "%s: token %s: expected the number %d, as the other files of the tokenizer say, got %d;"
                    .formatted(from, Json.quote(text), known.id(), token.id())
                + " correct the file");
      }
    });
  }

  /** The token that fills a prompt up to its length, where the tokenizer names one. */
  public Optional<String> padToken() {
    for (var name : List.of("special_tokens_map.json", TOKENIZER_CONFIG)) {
      var file = path.resolve(TOKENIZER).resolve(name);
      if (Links.exists(file)) {
        var config = Config.read(file);
        if (config.has("pad_token")) {
          var object = config.object("pad_token");
          return Optional.of(
              object.isPresent() ? object.get().string("content") : config.string("pad_token"));
        }
      }
    }
    return wholeTokenizer().flatMap(TokenizerFile::padToken);
  }

  private Path folder(String component) {
    var folder = path.resolve(component);
    if (!Links.exists(folder) || !Files.isDirectory(folder)) {
      throw new ModelNotFoundException(
          "%s: expected a folder %s, got %s; fetch the missing part of the model"
              .formatted(path, component, listing(path)));
    }
    return folder;
  }

  private static Path weights(Path folder) {
    for (var name : WEIGHT_FILES) {
      var file = folder.resolve(name);
      if (Links.exists(file)) {
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
