package org.drag4j.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightMismatchException;

/** Weights under the names (and shapes) that diffusers uses today, whatever the file calls them. */
public final class RenamedWeights implements WeightFile {
  private static final Pattern LEGACY_ATTENTION =
      Pattern.compile("(.*attentions\\.\\d+\\.)(query|key|value|proj_attn)(\\.(?:weight|bias))");
  private static final Pattern ATTENTION_WEIGHT =
      Pattern.compile(".*attentions\\.\\d+\\.(?:to_q|to_k|to_v|to_out\\.0)\\.weight");
  private static final List<String> CLIP_TEXT_ROOTS =
      List.of("embeddings.", "encoder.", "final_layer_norm.");
  private static final String CLIP_TEXT_PREFIX = "text_model.";

  private record Renamed(String original, Entry entry) {}

  private final WeightFile source;
  private final Map<String, Renamed> tensors;

  private RenamedWeights(WeightFile source, Map<String, Renamed> tensors) {
    this.source = source;
    this.tensors = Collections.unmodifiableMap(tensors);
  }

  /**
   * Renames every tensor of a source; the bytes stay as they are.
   *
   * @param canonical the name to use for a name of the source; empty leaves the tensor out
   * @throws WeightMismatchException where two tensors get the same name
   */
  public static RenamedWeights of(WeightFile source, Function<String, Optional<String>> canonical) {
    var tensors = new LinkedHashMap<String, Renamed>();
    for (var original : source.names()) {
      var name = canonical.apply(original);
      var entry = source.entry(original);
      if (name.isEmpty() || entry.isEmpty()) {
        continue;
      }
      var other = tensors.put(name.get(), new Renamed(original, flat(name.get(), entry.get())));
      if (other != null) {
        throw new WeightMismatchException(
            "%s: expected one tensor for %s, got %s and %s; remove one of them"
                .formatted(
                    source.origin(),
                    Json.quote(name.get()),
                    Json.quote(other.original()),
                    Json.quote(original)));
      }
    }
    return new RenamedWeights(source, tensors);
  }

  /**
   * An autoencoder whose attention may have the older names ({@code query}, {@code key}, {@code
   * value}, {@code proj_attn}) and be stored as 1x1 convolutions {@code [O, I, 1, 1]}.
   */
  public static RenamedWeights autoencoder(WeightFile source) {
    return of(source, name -> Optional.of(currentAttention(name)));
  }

  /**
   * A CLIP text encoder with or without the prefix {@code text_model.}, which is added; {@code
   * position_ids}, a constant that some files carry, is left out.
   */
  public static RenamedWeights textEncoder(WeightFile source) {
    return of(
        source,
        name -> {
          if (name.endsWith("position_ids")) {
            return Optional.empty();
          }
          boolean bare = CLIP_TEXT_ROOTS.stream().anyMatch(name::startsWith);
          return Optional.of(bare ? CLIP_TEXT_PREFIX + name : name);
        });
  }

  private static String currentAttention(String name) {
    var m = LEGACY_ATTENTION.matcher(name);
    if (!m.matches()) {
      return name;
    }
    String current =
        switch (m.group(2)) {
          case "query" -> "to_q";
          case "key" -> "to_k";
          case "value" -> "to_v";
          default -> "to_out.0";
        };
    return m.group(1) + current + m.group(3);
  }

  private static Entry flat(String name, Entry entry) {
    var shape = entry.shape();
    boolean convolution =
        shape.rank() == 4
            && shape.dim(2) == 1
            && shape.dim(3) == 1
            && ATTENTION_WEIGHT.matcher(name).matches();
    return convolution ? new Entry(Shape.of(shape.dim(0), shape.dim(1)), entry.dtype()) : entry;
  }

  @Override
  public String origin() {
    return source.origin();
  }

  @Override
  public Set<String> names() {
    return tensors.keySet();
  }

  @Override
  public Optional<Entry> entry(String name) {
    return Optional.ofNullable(tensors.get(name)).map(Renamed::entry);
  }

  @Override
  public MemorySegment bytes(String name, Arena arena) {
    var renamed = tensors.get(name);
    if (renamed == null) {
      throw Safetensors.missing(origin(), name);
    }
    return source.bytes(renamed.original(), arena);
  }

  @Override
  public void close() {
    source.close();
  }
}
