package org.drag4j.text;

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

  /**
   * Reads the configuration.
   *
   * @throws org.drag4j.weights.ConfigException where a value is missing, out of range or not
   *     understood
   */
  public static ClipTextConfig of(Config c) {
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
          default -> throw c.unexpected("hidden_act", "quick_gelu or gelu");
        });
  }
}
