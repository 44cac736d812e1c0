package org.drag4j.tests.parity;

import static org.drag4j.tests.parity.Recordings.SD15;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.drag4j.method.Session;
import org.drag4j.tests.parity.Recordings.Rewrite;
import org.drag4j.verify.ParityOptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Planted faults: each is seen, at its place and nowhere before. */
class FaultTest {
  /** Six steps out and six back. */
  private static final String RUN = "leading";

  @TempDir private static Path shared;

  private static Path encodeThenCopy = Path.of("");
  private static Path copyThenEncode = Path.of("");

  @BeforeAll
  static void prepare() throws Exception {
    encodeThenCopy =
        Recordings.copy(SD15, Files.createDirectory(shared.resolve("etc")), "regiondrag");
    Recordings.onlyRun(encodeThenCopy, RUN);
    copyThenEncode = Files.createDirectory(shared.resolve("cte"));
    Files.createSymbolicLink(
        copyThenEncode.resolve("model"), encodeThenCopy.resolve("model").toAbsolutePath());
    new Rewrite()
        .keeping(n -> n.startsWith("cte.") || n.equals("image") || n.equals("preview"))
        .metadata(m -> Recordings.metadataOfRun(m, "cte"))
        .apply(Recordings.file(SD15, "regiondrag"), Recordings.file(copyThenEncode, "regiondrag"));
  }

  private static Verified with(Path folder, UnaryOperator<Session> fault) {
    return Verified.of(folder, true, new ParityOptions(false, fault));
  }

  private static void assertFailsAt(String tensor, UnaryOperator<Session> fault) {
    with(encodeThenCopy, fault).assertFailsFirstAt("regiondrag/" + RUN + "." + tensor);
  }

  @Test
  void withoutAFaultAllIsRight() {
    var verified = with(encodeThenCopy, FaultySession::new);
    verified.assertAllRight();
    assertEquals(2 * (1 + 6 + 6 + 12 + 2) + 8, verified.rows().size());
  }

  @Test
  void injectionSwitchedOff() {
    assertFailsAt("denoise.00.out", FaultySession.NoInjection::new);
    with(copyThenEncode, FaultySession.NoInjection::new)
        .assertFailsFirstAt("regiondrag/cte.denoise.00.out");
  }

  @Test
  void layersSwapped() {
    assertFailsAt("denoise.00.out", FaultySession.SwappedLayers::new);
  }

  @Test
  void stepsSwapped() {
    assertFailsAt("denoise.02.out", e -> new FaultySession.SwappedSteps(e, 2));
  }

  @Test
  void noiseOfAnotherStepDrawn() {
    assertFailsAt("invert.03.latent", e -> new FaultySession.RepeatedDraw(e, 3));
  }

  @Test
  void noiseOfAnotherStepReplayed() {
    // What is stored by call 4 of 6 is replayed in step 1 back.
    assertFailsAt("denoise.01.out", e -> new FaultySession.WrongStoredNoise(e, 4));
  }

  @Test
  void copyingStoppedOneStepEarly() {
    assertFailsAt("denoise.05.in", e -> new FaultySession.EarlyStop(e, 5));
  }

  /** The other method's run of two points, three sub-drags and a mask. */
  private static Path sdeDrag(Path folder) throws IOException {
    Recordings.copy(SD15, folder, "sdedrag");
    Files.copy(SD15.resolve("image.png"), folder.resolve("image.png"));
    return folder;
  }

  @Test
  void sdeDragWithoutItsPrompt(@TempDir Path folder) throws IOException {
    with(sdeDrag(folder), FaultySession.NoPrompt::new)
        .assertFailsFirstAt("sdedrag/two.sub.0.denoise.00.out");
  }

  @Test
  void sdeDragDrawsTheNoiseOfAnotherStep(@TempDir Path folder) throws IOException {
    with(sdeDrag(folder), s -> new FaultySession.RepeatedDraw(s, 3))
        .assertFailsFirstAt("sdedrag/two.sub.0.forward.03");
  }

  @Test
  void sdeDragWithoutItsPictureFailsInEveryTensor(@TempDir Path folder) {
    Recordings.copy(SD15, folder, "sdedrag");
    var verified = Verified.of(folder, true, ParityOptions.DEFAULT);
    verified.assertFailsFirstAt("sdedrag/two.clean");
    assertEquals(165, verified.failed().size());
  }

  @ParameterizedTest
  @CsvSource({
    "text, text.last_hidden_state",
    "text, text.penultimate",
    "text, text.pooled",
    "unet, square.act.conv_in",
    "unet, square.act.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k",
    "unet, square.act.mid_block",
    "unet, wide.out",
    "vae, mode",
    "vae, decoded",
  })
  void oneRecordedTensorAltered(String stem, String tensor, @TempDir Path folder) {
    Recordings.copy(SD15, folder, stem);
    new Rewrite().scaled(tensor, 1.01).apply(Recordings.file(folder, stem));
    var verified = Verified.of(folder, false, ParityOptions.DEFAULT);
    verified.assertFailsOnlyAt(stem + "/" + tensor);
    assertEquals(0.01 / 1.01, verified.row(stem + "/" + tensor).relL2(), 1e-5);
  }

  @ParameterizedTest
  @CsvSource({
    "unet, unet_f64, square.out_f64",
    "vae, text_vae_f64, vae.moments",
    "vae, text_vae_f64, vae.decoded",
    "text, text_vae_f64, text.last_hidden_state",
  })
  void oneTruthAltered(String stem, String truth, String tensor, @TempDir Path folder) {
    Recordings.copy(SD15, folder, stem, truth);
    new Rewrite().scaledF64(tensor, 1.01).apply(Recordings.file(folder, truth));
    Verified.of(folder).assertFailsOnlyAt(truth + "/" + tensor);
  }

  @ParameterizedTest
  @CsvSource({
    "alphas_cumprod, alphas_cumprod",
    "ddim.init, ddim.step.00.in",
    "ddim.step.04.in, ddim.step.04.in",
    "ddim.step.04.model_output, ddim.step.04.model_output",
    "ddim.step.04.out, ddim.step.04.out",
    "ddim.final, ddim.final",
    "ddim.image, ddim.image",
    "dpmpp2m.step.05.model_output, dpmpp2m.step.05.model_output",
  })
  void oneTensorOfTheSchedulersAltered(String tensor, String first, @TempDir Path folder) {
    Recordings.copy(SD15, folder, "text", "scheduler");
    new Rewrite().scaled(tensor, 1.01).apply(Recordings.file(folder, "scheduler"));
    Verified.of(folder).assertFailsFirstAt("scheduler/" + first);
  }

  @ParameterizedTest
  @CsvSource({
    "clean.0",
    "invert.02.latent",
    "invert.02.noise",
    "denoise.03.in",
    "denoise.03.out",
    "final_latent",
  })
  void oneLatentOfARunAltered(String tensor, @TempDir Path folder) throws Exception {
    Files.createSymbolicLink(
        folder.resolve("model"), encodeThenCopy.resolve("model").toAbsolutePath());
    new Rewrite()
        .scaled(RUN + "." + tensor, 1.01)
        .apply(
            Recordings.file(encodeThenCopy, "regiondrag"), Recordings.file(folder, "regiondrag"));
    var verified = Verified.of(folder);
    var name = "regiondrag/" + RUN + "." + tensor;
    verified.assertFailsFirstAt(name);
    // Recordings are not fed on, so that only they fail: in both repetitions of the run.
    assertEquals(2, verified.failed().size());
    assertEquals(name + "@seed", verified.failed().getLast().name());
  }

  @Test
  void oneRandomTensorAltered(@TempDir Path folder) throws Exception {
    Files.createSymbolicLink(
        folder.resolve("model"), encodeThenCopy.resolve("model").toAbsolutePath());
    var tensor = RUN + ".noise.02.randn_like";
    new Rewrite()
        .scaled(tensor, 1.01)
        .apply(
            Recordings.file(encodeThenCopy, "regiondrag"), Recordings.file(folder, "regiondrag"));
    var verified = Verified.of(folder);
    // The run that is fed it goes astray; the one that draws its own sees where.
    verified.assertFailsFirstAt("regiondrag/" + RUN + ".invert.01.latent");
    assertEquals(
        "regiondrag/" + tensor + "@seed",
        verified.failed().stream()
            .filter(r -> r.name().endsWith("@seed"))
            .findFirst()
            .orElseThrow()
            .name());
    assertEquals(1, verified.failed().stream().filter(r -> r.name().endsWith("@seed")).count());
  }
}
