package org.drag4j.pipeline;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.tensor.WeightSource;
import org.drag4j.tensor.Weights;
import org.drag4j.text.ClipTextModel;
import org.drag4j.unet.UNet2DConditionModel;
import org.drag4j.vae.AutoencoderKL;
import org.drag4j.weights.Config;

/**
 * Names and shapes of all tensors that a network of a configuration requires, in the order of
 * published files, floating point ones as {@code F16}: what its {@code load} asks a checkpoint for.
 */
public final class RequiredTensors {
  /** Order of the parts of a network, or of an encoder or a decoder. */
  private static final List<String> PARTS =
      List.of(
          "conv_in",
          "time_embedding",
          "down_blocks",
          "mid_block",
          "up_blocks",
          "conv_norm_out",
          "conv_out");

  /** The one kind of linear layer without a bias: queries, keys and values of a transformer. */
  private static final Pattern WITHOUT_BIAS = Pattern.compile(".*\\.attn[12]\\.to_[qkv]\\.bias");

  private RequiredTensors() {}

  /** Tensors of {@link UNet2DConditionModel}. */
  public static Map<String, WeightSource.Entry> unet(Config config) {
    return ordered(of(weights -> UNet2DConditionModel.load(weights, config)));
  }

  /** Tensors of {@link AutoencoderKL}. */
  public static Map<String, WeightSource.Entry> autoencoder(Config config) {
    return ordered(of(weights -> AutoencoderKL.load(weights, config)));
  }

  /** Tensors of {@link ClipTextModel}, and a constant that published files carry. */
  public static Map<String, WeightSource.Entry> textEncoder(Config config) {
    var all = new LinkedHashMap<String, WeightSource.Entry>();
    int positions = config.integer("max_position_embeddings");
    // First, because its elements are the widest.
    all.put(
        "text_model.embeddings.position_ids",
        new WeightSource.Entry(Shape.of(1, positions), DType.I64));
    all.putAll(of(weights -> ClipTextModel.load(weights, config)));
    return Collections.unmodifiableMap(all);
  }

  private static Map<String, WeightSource.Entry> of(Consumer<Weights> load) {
    var asked = new Asked();
    load.accept(Weights.of(asked));
    return asked.tensors;
  }

  /** Encoder before decoder, as they were asked for, and the parts of each in their order. */
  private static Map<String, WeightSource.Entry> ordered(Map<String, WeightSource.Entry> asked) {
    var coders = asked.keySet().stream().map(RequiredTensors::coder).distinct().toList();
    var ordered = new LinkedHashMap<String, WeightSource.Entry>();
    asked.entrySet().stream()
        .sorted(
            Comparator.comparingInt((Map.Entry<String, ?> e) -> coders.indexOf(coder(e.getKey())))
                .thenComparingInt(e -> part(e.getKey())))
        .forEach(e -> ordered.put(e.getKey(), e.getValue()));
    return Collections.unmodifiableMap(ordered);
  }

  private static String coder(String name) {
    var first = name.substring(0, name.indexOf('.'));
    return PARTS.contains(first) ? "" : first + ".";
  }

  private static int part(String name) {
    var inCoder = name.substring(coder(name).length());
    return PARTS.indexOf(inCoder.replaceFirst("\\..*", ""));
  }

  /** A source that has every tensor it is asked for, and remembers all of them. */
  private static final class Asked implements WeightSource {
    private final Map<String, Entry> tensors = new LinkedHashMap<>();

    @Override
    public String origin() {
      return "a model to be made";
    }

    @Override
    public Set<String> names() {
      return tensors.keySet();
    }

    @Override
    public Optional<Entry> entry(String name) {
      return Optional.ofNullable(tensors.get(name));
    }

    @Override
    public boolean has(String name) {
      return !WITHOUT_BIAS.matcher(name).matches();
    }

    @Override
    public Entry require(Param param) {
      var entry = new Entry(param.fileShape(), DType.F16);
      tensors.put(param.name(), entry);
      return entry;
    }

    @Override
    public MemorySegment bytes(String name, Arena arena) {
      throw WeightMismatchException.of(this, name, "shapes to be asked for", "a request for bytes");
    }
  }
}
