package org.drag4j.tests.parity;

import static org.drag4j.tests.parity.Recordings.SD15;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightSource.Entry;
import org.drag4j.tests.parity.Recordings.Rewrite;
import org.drag4j.verify.ParityException;
import org.drag4j.verify.ParityRow;
import org.drag4j.weights.ModelNotFoundException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Recordings that are not what they should be. */
class DamagedRecordingsTest {
  @TempDir private Path folder = Path.of("");

  @BeforeEach
  void prepare() throws Exception {
    Files.createSymbolicLink(folder.resolve("model"), SD15.resolve("model").toAbsolutePath());
  }

  private Path take(String stem) throws Exception {
    var file = Recordings.file(folder, stem);
    Files.copy(Recordings.file(SD15, stem), file);
    return file;
  }

  private void takeRun(String tag) throws Exception {
    take("regiondrag");
    Recordings.onlyRun(folder, tag);
  }

  private Verified rewritten(String stem, Rewrite rewrite) {
    rewrite.apply(Recordings.file(folder, stem));
    return Verified.of(folder);
  }

  private void refused(String... words) {
    var e = assertThrows(ParityException.class, () -> Verified.of(folder));
    for (var word : words) {
      assertTrue(String.valueOf(e.getMessage()).contains(word), e.getMessage());
    }
    assertFalse(String.valueOf(e.getMessage()).contains("\n"));
  }

  @ParameterizedTest
  @CsvSource({
    "text, text.pooled",
    "unet, wide.out",
    "vae, moments",
    "vae, decoded",
  })
  void aMissingTensorIsAFailure(String stem, String tensor) throws Exception {
    take(stem);
    var verified = rewritten(stem, new Rewrite().without(tensor));
    verified.assertFailsOnlyAt(stem + "/" + tensor);
    var row = verified.failed().getFirst();
    assertTrue(row.note().contains("missing"), row.note());
    assertTrue(Double.isNaN(row.relL2()));
  }

  @Test
  void aMissingTruthIsAFailure() throws Exception {
    take("unet");
    take("unet_f64");
    rewritten("unet_f64", new Rewrite().without("wide.out_f64"))
        .assertFailsOnlyAt("unet_f64/wide.out_f64");
  }

  @Test
  void aMissingInputFailsWhatDependsOnIt() throws Exception {
    take("unet");
    var verified = rewritten("unet", new Rewrite().without("square.context"));
    assertEquals(21, verified.failed().size());
    assertTrue(verified.failed().stream().allMatch(r -> r.name().startsWith("unet/square.")));
    assertTrue(verified.row("unet/wide.out").ok());
  }

  @ParameterizedTest
  @ValueSource(strings = {"small.denoise.03.in", "small.invert.00.noise", "small.final_latent"})
  void aRunWithAMissingLatentFailsThereOnly(String tensor) throws Exception {
    takeRun("small");
    var verified = rewritten("regiondrag", new Rewrite().without(tensor));
    assertEquals(
        List.of("regiondrag/" + tensor, "regiondrag/" + tensor + "@seed"),
        verified.failed().stream().map(ParityRow::name).toList());
  }

  @Test
  void aRunWithMissingNoiseStopsThere() throws Exception {
    takeRun("small");
    var tensor = "small.noise.02.randn_like";
    var verified = rewritten("regiondrag", new Rewrite().without(tensor));
    verified.assertFailsFirstAt("regiondrag/" + tensor);
    // What could not be reached fails too; the run from the seed lacks the one tensor only.
    assertFalse(verified.row("regiondrag/small.output").ok());
    assertFalse(verified.row("regiondrag/" + tensor + "@seed").ok());
    assertTrue(verified.row("regiondrag/small.output@seed").ok());
  }

  @Test
  void notANumberIsAFailure() throws Exception {
    take("text");
    rewritten("text", new Rewrite().changed("text.pooled", b -> b.putFloat(40, Float.NaN)))
        .assertFailsOnlyAt("text/text.pooled");
  }

  @Test
  void notANumberInAnInputIsAFailure() throws Exception {
    take("unet");
    var verified =
        rewritten("unet", new Rewrite().changed("wide.sample", b -> b.putFloat(40, Float.NaN)));
    verified.assertFailsOnlyAt("unet/wide.out");
  }

  @Test
  void anInputOfAnotherShapeIsAFailure() throws Exception {
    take("unet");
    rewritten(
            "unet",
            new Rewrite().entry("wide.sample", e -> new Entry(Shape.of(1, 8, 16, 12), e.dtype())))
        .assertFailsOnlyAt("unet/wide.out");
  }

  @Test
  void aMissingPictureFailsWhatDependsOnIt() throws Exception {
    take("vae");
    take("text_vae_f64");
    var verified = rewritten("vae", new Rewrite().without("image"));
    assertEquals(
        List.of("vae/moments", "vae/mode", "text_vae_f64/vae.moments"),
        verified.failed().stream().map(ParityRow::name).toList());
    assertEquals(5, verified.rows().size());
  }

  @Test
  void aModuleNobodyKnowsIsAFailure() throws Exception {
    take("unet");
    rewritten(
            "unet",
            new Rewrite()
                .naming(n -> Optional.of(n.replace("act.mid_block", "act.mid_block.nothing"))))
        .assertFailsOnlyAt("unet/square.act.mid_block.nothing");
  }

  @Test
  void aCellOutsideIsAFailure() throws Exception {
    takeRun("small");
    rewritten("regiondrag", new Rewrite().changed("small.source", b -> b.putInt(0, 24)))
        .assertFailsFirstAt("regiondrag/small.source");
  }

  @Test
  void anotherNumberOfStepsIsAFailure() throws Exception {
    takeRun("small");
    rewritten(
            "regiondrag",
            new Rewrite()
                .metadata(m ->
                    Map.of(
                        "meta",
                        m.getOrDefault("meta", "").replace("\"steps\": 8", "\"steps\": 9"))))
        .assertFailsFirstAt("regiondrag/small.invert_timesteps");
  }

  @Test
  void oneWrongPairOfAMappingIsAFailure() throws Exception {
    take("regiondrag");
    var verified =
        rewritten(
            "regiondrag",
            new Rewrite()
                .keeping(n -> !n.matches("(etc|cte|masked|leading|arrows|small)\\..*"))
                .metadata(_ -> Map.of())
                .changed("rp.two.latent.source", b -> b.putInt(8, b.getInt(8) + 1)));
    verified.assertFailsOnlyAt("regiondrag/rp.two.latent.source");
    assertEquals(25, verified.rows().size());
  }

  @Test
  void aPictureOfAnOddSizeIsSkipped() throws Exception {
    takeRun("small");
    var verified =
        rewritten(
            "regiondrag",
            new Rewrite().entry("image", e -> new Entry(Shape.of(96, 256, 3), e.dtype())));
    // Whole cells, but the mask is of another size: a failure.
    assertFalse(verified.failed().isEmpty());
    verified =
        rewritten(
            "regiondrag",
            new Rewrite().entry("image", e -> new Entry(Shape.of(12, 2048, 3), e.dtype())));
    assertEquals(List.of(), verified.rows());
    assertTrue(verified.report().skipped().getFirst().contains("multiples of 8"));
    assertFalse(verified.report().ok());
  }

  @Test
  void aCutFileIsRefused() throws Exception {
    var file = take("vae");
    try (var raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.setLength(raw.length() - 100);
    }
    refused("vae.safetensors", "expected", "got");
  }

  @Test
  void aTensorOfAnotherTypeIsRefused() throws Exception {
    take("text");
    new Rewrite()
        .entry("text.ids", Recordings.as(DType.F32))
        .apply(Recordings.file(folder, "text"));
    refused("text.safetensors", "text.ids", "F32");
  }

  @Test
  void textsMustBeThere() throws Exception {
    take("text");
    new Rewrite().metadata(_ -> Map.of()).apply(Recordings.file(folder, "text"));
    refused("text.safetensors", "texts");
    new Rewrite()
        .metadata(_ -> Map.of("texts", "[".repeat(100_000)))
        .apply(Recordings.file(folder, "text"));
    refused("text.safetensors");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{\"prompt\": \"a\", \"seed\": 1}",
        "{\"prompt\": \"a\", \"seed\": \"1\", \"runs\": 3}",
        "{\"prompt\": 7, \"seed\": 1, \"runs\": {}}",
        "{\"prompt\": \"a\", \"seed\": 1.5, \"runs\": {}}",
        "{\"prompt\": \"a\", \"seed\": 1, \"runs\": {\"small\": {\"method\": 4}}}",
        "{\"prompt\": \"a\", \"seed\": 1, \"runs\": {\"small\": {\"method\": \"Encode then CP\"}}}",
      })
  void metadataThatMakeNoSenseAreRefused(String meta) throws Exception {
    takeRun("small");
    new Rewrite().metadata(_ -> Map.of("meta", meta)).apply(Recordings.file(folder, "regiondrag"));
    refused("expected");
  }

  @Test
  void aFolderOfNothingIsRefused() {
    refused("expected recordings");
  }

  @Test
  void aMissingModelIsTold() throws Exception {
    take("text");
    Files.delete(folder.resolve("model"));
    assertThrows(ModelNotFoundException.class, () -> Verified.of(folder));
  }

  @Test
  void whatIsNotSupportedIsNamedAndNoRow() throws Exception {
    take("vae");
    Files.createDirectory(folder.resolve("lora"));
    Files.createFile(folder.resolve("grad.safetensors"));
    Files.createFile(folder.resolve("weather.safetensors"));
    var verified = Verified.of(folder);
    verified.assertAllRight();
    assertEquals(3, verified.rows().size());
    var skipped = verified.report().skipped();
    assertEquals(3, skipped.size(), skipped.toString());
    for (var name : List.of("lora", "grad.safetensors", "weather.safetensors")) {
      assertTrue(skipped.stream().anyMatch(s -> s.startsWith(name + ":")), skipped.toString());
    }
  }
}
