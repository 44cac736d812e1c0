package org.drag4j.tests.accuracy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import org.drag4j.graph.Op;
import org.drag4j.reference.Evaluation;
import org.drag4j.reference.Meaning;
import org.drag4j.reference.OpCase;
import org.drag4j.reference.OpCases;
import org.drag4j.tensor.Shape;
import org.drag4j.weights.ModelFolder;
import org.drag4j.weights.Safetensors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The quick evaluation in double against the plain one and against PyTorch's. */
class DoubleEvaluationTest {
  /** Without embeddings of timesteps, which the quick evaluation rounds as PyTorch does. */
  private static Stream<OpCase> products() {
    return OpCases.all().stream()
        .filter(c ->
            c.build().graph().live().stream()
                .noneMatch(v -> v.op() instanceof Op.TimestepEmbedding))
        .filter(c ->
            c.build().graph().live().stream()
                .anyMatch(v ->
                    v.op() instanceof Op.Conv2d
                        || v.op() instanceof Op.Linear
                        || v.op() instanceof Op.Attention));
  }

  @ParameterizedTest
  @MethodSource("products")
  void equalsTheMeaning(OpCase opCase) throws Exception {
    var built = opCase.build();
    var expected = Evaluation.by(Meaning.EXACT).of(built);
    try (var evaluation = new DoubleEvaluation(2, _ -> {})) {
      var got = evaluation.evaluate(built.graph(), built.inputs(), built.weights());
      assertEquals(expected.keySet(), got.keySet());
      expected.forEach((name, values) -> {
        var shape = Shape.of(values.length);
        double error =
            new Numbers(shape, got.getOrDefault(name, new double[0]))
                .relativeL2(new Numbers(shape, values));
        assertTrue(error < 1e-13, () -> name + ": " + error);
      });
    }
  }

  @ParameterizedTest
  @CsvSource({
    "tiny-sd15, square",
    "tiny-sd15, wide",
    "tiny-sd21, square",
    "tiny-sd21, wide",
  })
  void equalsPyTorchInDouble(String fixture, String which) throws Exception {
    var url = DoubleEvaluationTest.class.getResource("/fixtures/" + fixture + "/model");
    var model = Path.of(Objects.requireNonNull(url, fixture).toURI());
    try (var inputs = Safetensors.open(model.resolveSibling("unet.safetensors"));
        var outputs = Safetensors.open(model.resolveSibling("unet_f64.safetensors"));
        var unet = ModelFolder.open(model).component("unet");
        var evaluation = new DoubleEvaluation(2, _ -> {})) {
      var call =
          new UnetCall(
              unet,
              Numbers.read(inputs, which + ".sample"),
              Numbers.read(inputs, which + ".timestep"),
              Numbers.read(inputs, which + ".context"));
      double error = call.truth(evaluation).relativeL2(Numbers.read(outputs, which + ".out_f64"));
      assertTrue(error < 1e-8, () -> which + ": " + error);
    }
  }
}
