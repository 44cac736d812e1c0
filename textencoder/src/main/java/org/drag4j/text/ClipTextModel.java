package org.drag4j.text;

import java.util.List;
import java.util.stream.IntStream;
import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.layer.Embedding;
import org.drag4j.layer.LayerNorm;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Weights;
import org.drag4j.weights.Config;

/**
 * The text encoder of CLIP (Radford et al., 2021). transformers: {@code CLIPTextModel}; weights
 * under {@code text_model}.
 */
public record ClipTextModel(
    ClipTextConfig config,
    Embedding tokenEmbedding,
    Embedding positionEmbedding,
    List<ClipEncoderLayer> layers,
    LayerNorm finalLayerNorm) {
  private static final String PATH = "text_model";

  /**
   * The states a caller may want.
   *
   * @param last after the last layer and the final norm, {@code [N, T, dim]}; what SD reads
   * @param penultimate before the last layer, not normalised, {@code [N, T, dim]}
   */
  public record States(Value last, Value penultimate) {}

  /**
   * The network a configuration describes, every weight checked to be there.
   *
   * @throws org.drag4j.weights.ConfigException where the configuration is not understood
   * @throws org.drag4j.tensor.WeightMismatchException where configuration and weights disagree
   */
  public static ClipTextModel load(Weights weights, Config config) {
    var c = ClipTextConfig.of(config);
    var w = weights.at(PATH);
    return new ClipTextModel(
        c,
        Embedding.load(w.at("embeddings").at("token_embedding"), c.vocabSize(), c.hiddenSize()),
        Embedding.load(
            w.at("embeddings").at("position_embedding"), c.maxPositions(), c.hiddenSize()),
        IntStream.range(0, c.layers())
            .mapToObj(i -> ClipEncoderLayer.load(w.at("encoder").at("layers").at(i), c))
            .toList(),
        LayerNorm.load(w.at("final_layer_norm"), c.hiddenSize(), c.normEps()));
  }

  /**
   * Encodes token ids.
   *
   * @param ids {@code [N, maxPositions]}, I32, each from 0 to vocabSize - 1
   */
  public States forward(Value ids) {
    if (!ids.shape().equals(Shape.of(ids.shape().dim(0), config.maxPositions()))) {
      throw new IllegalArgumentException(
          "text: expected ids [N, " + config.maxPositions() + "], got " + ids.shape());
    }
    var x = tokenEmbedding.forward(ids).plus(positionEmbedding.table(ids.graph())); // [N, T, dim]
    var penultimate = x;
    for (var layer : layers) {
      penultimate = x;
      x = layer.forward(x);
    }
    var last = finalLayerNorm.forward(x).exposed(SiteKind.OUTPUT, PATH); // [N, T, dim]
    return new States(last, penultimate);
  }
}
