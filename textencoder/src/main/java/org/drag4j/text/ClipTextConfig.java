package org.drag4j.text;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.drag4j.graph.Op;
import org.drag4j.weights.Config;

/**
 * What {@code text_encoder/config.json} says of the network's form.
 *
 * @param activation of the feed-forward layers
 */
public record ClipTextConfig(
    int vocabSize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int maxPositions,
    float normEps,
    Op.UnaryFn activation) {
  private static final String REMEDY =
      "drag4j has CLIP's text encoder alone (yet); use a Stable Diffusion 1.x or 2.x model";

  /** Keys that are read here, and keys that change nothing here: ids, types and training. */
  private static final Set<String> READ =
      Set.of(
          "vocab_size",
          "hidden_size",
          "intermediate_size",
          "num_hidden_layers",
          "num_attention_heads",
          "max_position_embeddings",
          "layer_norm_eps",
          "hidden_act",
          "model_type",
          "architectures",
          "projection_dim",
          "attention_dropout",
          "dropout",
          "initializer_factor",
          "initializer_range",
          "bos_token_id",
          "eos_token_id",
          "pad_token_id",
          "torch_dtype",
          "dtype",
          "transformers_version",
          "id2label",
          "label2id",
          "return_dict",
          "tie_word_embeddings");

  /** What transformers writes of text generation, which is not done here. */
  private static final Map<String, Object> USUAL =
      Map.ofEntries(
          Map.entry("chunk_size_feed_forward", 0),
          Map.entry("diversity_penalty", 0),
          Map.entry("encoder_no_repeat_ngram_size", 0),
          Map.entry("length_penalty", 1),
          Map.entry("max_length", 20),
          Map.entry("min_length", 0),
          Map.entry("no_repeat_ngram_size", 0),
          Map.entry("num_beam_groups", 1),
          Map.entry("num_beams", 1),
          Map.entry("num_return_sequences", 1),
          Map.entry("repetition_penalty", 1),
          Map.entry("temperature", 1),
          Map.entry("top_k", 50),
          Map.entry("top_p", 1),
          Map.entry("typical_p", 1));

  /** Lines about keys of the configuration that nobody reads. */
  public static List<String> notes(Config c) {
    return c.unread(READ, USUAL).stream().map(c::note).toList();
  }

  /**
   * Reads the configuration.
   *
   * @throws org.drag4j.weights.ConfigException where a value is missing, out of range or not
   *     understood
   */
  public static ClipTextConfig of(Config c) {
    if (!c.string("model_type", "clip").startsWith("clip")) {
      throw c.refused("model_type", "clip_text_model", REMEDY);
    }
    int hidden = c.integer("hidden_size", 512, 1, 1 << 14);
    int heads = c.integer("num_attention_heads", 8, 1, 1024);
    if (hidden % heads != 0) {
      throw c.unexpected("num_attention_heads", "a divisor of hidden_size (" + hidden + ")");
    }
    return new ClipTextConfig(
        c.integer("vocab_size", 49408, 1, 1 << 20),
        hidden,
        c.integer("intermediate_size", 2048, 1, 1 << 16),
        c.integer("num_hidden_layers", 12, 1, 128),
        heads,
        c.integer("max_position_embeddings", 77, 1, 4096),
        (float) c.number("layer_norm_eps", 1e-5),
        switch (c.string("hidden_act", "quick_gelu")) {
          case "quick_gelu" -> Op.UnaryFn.QUICK_GELU;
          case "gelu" -> Op.UnaryFn.GELU;
          default -> throw c.refused("hidden_act", "quick_gelu or gelu", REMEDY);
        });
  }
}
