package org.drag4j.weights;

import static org.drag4j.weights.TestFiles.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightMismatchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RenamedWeightsTest {
  @TempDir Path folder;

  private Safetensors source(Object... namesAndShapes) {
    var tensors = new LinkedHashMap<String, Shape>();
    for (int i = 0; i < namesAndShapes.length; i += 2) {
      tensors.put((String) namesAndShapes[i], (Shape) namesAndShapes[i + 1]);
    }
    return Safetensors.open(TestFiles.write(folder.resolve("w.safetensors"), tensors));
  }

  @Test
  void olderAutoencoderAttentionGetsTodaysNamesAndShapes() {
    var mid = "decoder.mid_block.attentions.0.";
    try (var weights =
            RenamedWeights.autoencoder(
                source(
                    mid + "query.weight",
                    Shape.of(2, 2, 1, 1),
                    mid + "key.weight",
                    Shape.of(2, 2),
                    mid + "value.bias",
                    Shape.of(2),
                    mid + "proj_attn.weight",
                    Shape.of(2, 2, 1, 1),
                    mid + "group_norm.weight",
                    Shape.of(2),
                    "quant_conv.weight",
                    Shape.of(2, 2, 1, 1)));
        var arena = Arena.ofConfined()) {
      assertEquals(
          List.of(
              mid + "to_q.weight",
              mid + "to_k.weight",
              mid + "to_v.bias",
              mid + "to_out.0.weight",
              mid + "group_norm.weight",
              "quant_conv.weight"),
          List.copyOf(weights.names()));
      assertEquals(Shape.of(2, 2), weights.entry(mid + "to_q.weight").orElseThrow().shape());
      assertEquals(Shape.of(2, 2), weights.entry(mid + "to_out.0.weight").orElseThrow().shape());
      assertEquals(Shape.of(2, 2, 1, 1), weights.entry("quant_conv.weight").orElseThrow().shape());
      var out = weights.bytes(mid + "to_out.0.weight", arena);
      assertEquals(303f, out.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 12));
      var e =
          assertThrows(
              WeightMismatchException.class, () -> weights.bytes(mid + "query.weight", arena));
      assertTrue(message(e).contains("w.safetensors"), message(e));
    }
  }

  @Test
  void theTextEncodersPrefixIsAddedWhereAbsent() {
    try (var weights =
        RenamedWeights.textEncoder(
            source(
                "embeddings.position_ids", Shape.of(1, 2),
                "embeddings.token_embedding.weight", Shape.of(2, 2),
                "encoder.layers.0.layer_norm1.bias", Shape.of(2),
                "final_layer_norm.bias", Shape.of(2),
                "text_projection.weight", Shape.of(2, 2)))) {
      assertEquals(
          List.of(
              "text_model.embeddings.token_embedding.weight",
              "text_model.encoder.layers.0.layer_norm1.bias",
              "text_model.final_layer_norm.bias",
              "text_projection.weight"),
          List.copyOf(weights.names()));
    }
    try (var weights =
        RenamedWeights.textEncoder(
            source(
                "text_model.embeddings.position_ids", Shape.of(1, 2),
                "text_model.final_layer_norm.bias", Shape.of(2)))) {
      assertEquals(List.of("text_model.final_layer_norm.bias"), List.copyOf(weights.names()));
    }
  }

  @Test
  void twoTensorsForOneNameAreRefused() {
    try (var source =
        source(
            "mid.attentions.0.query.weight", Shape.of(2, 2),
            "mid.attentions.0.to_q.weight", Shape.of(2, 2))) {
      var e = assertThrows(WeightMismatchException.class, () -> RenamedWeights.autoencoder(source));
      assertTrue(message(e).contains("got \"mid.attentions.0.query.weight\" and"));
    }
  }
}
