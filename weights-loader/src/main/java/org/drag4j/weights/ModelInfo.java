package org.drag4j.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.WeightSource;

/** What is found at a path: the networks of a model folder, or the tensors of one file. */
public record ModelInfo(Path path, Optional<String> pipeline, List<Part> parts) {
  private static final Map<String, List<String>> ESSENTIALS =
      Map.of(
          "unet",
              List.of(
                  "block_out_channels",
                  "layers_per_block",
                  "attention_head_dim",
                  "cross_attention_dim",
                  "use_linear_projection",
                  "in_channels",
                  "sample_size"),
          "vae",
              List.of(
                  "block_out_channels",
                  "layers_per_block",
                  "latent_channels",
                  "scaling_factor",
                  "sample_size"),
          "text_encoder",
              List.of(
                  "hidden_size",
                  "num_hidden_layers",
                  "num_attention_heads",
                  "hidden_act",
                  "vocab_size"),
          "scheduler",
              List.of(
                  "prediction_type",
                  "beta_schedule",
                  "beta_start",
                  "beta_end",
                  "timestep_spacing",
                  "steps_offset"));

  public ModelInfo {
    parts = List.copyOf(parts);
  }

  /**
   * One component.
   *
   * @param name its folder, or the file's name
   * @param config the keys worth showing, as text
   * @param parameters number of elements of all tensors
   * @param dtypes number of tensors of each type
   * @param bytes bytes of all tensors
   */
  public record Part(
      String name,
      Map<String, String> config,
      int tensors,
      long parameters,
      Map<DType, Integer> dtypes,
      long bytes) {
    public Part {
      config = Collections.unmodifiableMap(new LinkedHashMap<>(config));
      dtypes = Collections.unmodifiableMap(new LinkedHashMap<>(dtypes));
    }

    private static Part of(String name, Map<String, String> config, WeightSource weights) {
      var dtypes = new EnumMap<DType, Integer>(DType.class);
      long parameters = 0;
      long bytes = 0;
      for (var tensor : weights.names()) {
        var entry = weights.entry(tensor).orElseThrow();
        dtypes.merge(entry.dtype(), 1, Integer::sum);
        parameters += entry.shape().size();
        bytes += entry.shape().size() * entry.dtype().bytes();
      }
      return new Part(name, config, weights.names().size(), parameters, dtypes, bytes);
    }
  }

  /** Bytes of all parts. */
  public long bytes() {
    return parts.stream().mapToLong(Part::bytes).sum();
  }

  /** Elements of all parts. */
  public long parameters() {
    return parts.stream().mapToLong(Part::parameters).sum();
  }

  /**
   * Looks at a model folder, a {@code .safetensors} file or the index of a sharded one. Only
   * headers and configurations are read.
   *
   * @throws ModelException where something is missing or damaged
   */
  public static ModelInfo read(Path path) {
    if (Files.isRegularFile(path)) {
      try (var weights = WeightFile.open(path)) {
        return new ModelInfo(
            path,
            Optional.empty(),
            List.of(Part.of(String.valueOf(path.getFileName()), Map.of(), weights)));
      }
    }
    var folder = ModelFolder.open(path);
    var parts = new ArrayList<Part>();
    for (var name : components(folder.path())) {
      if (name.equals("scheduler")) {
        var config = essentials(name, folder.schedulerConfig());
        parts.add(new Part(name, config, 0, 0, Map.of(), 0));
      } else if (name.equals("tokenizer")) {
        folder
            .vocabulary()
            .ifPresent(v ->
                parts.add(
                    new Part(
                        name,
                        Map.of("vocab_size", String.valueOf(v.tokens().size())),
                        0,
                        0,
                        Map.of(),
                        0)));
      } else {
        try (var component = folder.component(name)) {
          parts.add(Part.of(name, essentials(name, component.config()), component.weights()));
        }
      }
    }
    var pipeline = folder.index().flatMap(index -> index.text("_class_name"));
    return new ModelInfo(path, pipeline, parts);
  }

  private static Map<String, String> essentials(String component, Config config) {
    var found = new LinkedHashMap<String, String>();
    config.text("_class_name").ifPresent(name -> found.put("_class_name", name));
    for (var key : ESSENTIALS.getOrDefault(component, List.of())) {
      config.text(key).ifPresent(value -> found.put(key, value));
    }
    return found;
  }

  /** The folders that are components: those this project knows. */
  private static List<String> components(Path path) {
    try (Stream<Path> folders = Files.list(path)) {
      return folders
          .filter(Files::isDirectory)
          .map(f -> String.valueOf(f.getFileName()))
          .filter(name -> ESSENTIALS.containsKey(name) || name.equals("tokenizer"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new ModelNotFoundException(Json.unreadable(path.toString(), e));
    }
  }
}
