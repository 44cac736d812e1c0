package org.drag4j.tests.parity;

import static org.drag4j.tests.parity.Recordings.SD15;
import static org.drag4j.tests.parity.Recordings.SD21;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.drag4j.verify.ParityOptions;
import org.drag4j.verify.ParityRow;
import org.drag4j.weights.Safetensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every recorded tensor of both model families. */
class GoldenTest {
  private static final List<String> FILES =
      List.of(
          "text", "unet", "unet_f64", "vae", "text_vae_f64", "scheduler", "regiondrag", "sdedrag");

  /** What a case starts from; everything else must be compared. */
  private static final Pattern INPUT =
      Pattern.compile(
          "unet/.*\\.(sample|timestep|context)|vae/(image|z)|scheduler/ddim\\.init"
              + "|regiondrag/(image|regions|rp\\..*\\.points|poly\\..*\\.vertices"
              + "|(etc|cte|masked|leading|arrows|small)\\.(source|target|mask))"
              + "|sdedrag/(two|edge)\\.(source|target|mask)");

  private static SortedSet<String> recorded(Path folder) {
    var names = new TreeSet<String>();
    for (var stem : FILES) {
      var file = Recordings.file(folder, stem);
      if (!Files.exists(file)) {
        continue;
      }
      try (var tensors = Safetensors.open(file)) {
        for (var tensor : tensors.names()) {
          var name = stem + "/" + tensor;
          boolean run =
              name.matches("regiondrag/\\w+\\.(clean|invert|denoise|final|output).*")
                  || name.startsWith("sdedrag/");
          if (name.matches("(regiondrag|sdedrag)/\\w+\\.noise\\..*")) {
            names.add(name + "@seed");
          } else if (!INPUT.matcher(name).matches()) {
            names.add(name);
            if (run) {
              names.add(name + "@seed");
            }
          }
        }
      }
    }
    return names;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void everyTensorOfStableDiffusion15IsRight(boolean exact) {
    var verified = Verified.of(SD15, exact, ParityOptions.DEFAULT);
    verified.assertAllRight();
    assertEquals(596 + 165, verified.rows().size());
    var compared = new TreeSet<>(verified.rows().stream().map(ParityRow::name).toList());
    assertEquals(recorded(SD15), compared);
    assertEquals(List.of(), verified.report().skipped());
    assertEquals(exact ? 1e-5 : 1e-4, verified.row("unet/square.out").allowed());
    // Not merely within the bounds: a right engine is far inside.
    for (var row : verified.rows()) {
      assertTrue(row.relL2() <= Math.max(1.2e-5, row.allowed() / 3), row.toString());
    }
    // Random numbers agree in the last bit.
    assertTrue(
        verified.rows().stream()
            .filter(r -> r.name().contains(".noise.") && r.name().contains("randn"))
            .allMatch(r -> r.maxAbs() == 0));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void everyTensorOfStableDiffusion21IsRight(boolean exact) {
    var verified = Verified.of(SD21, exact, ParityOptions.DEFAULT);
    verified.assertAllRight();
    assertEquals(106, verified.rows().size());
    var compared = new TreeSet<>(verified.rows().stream().map(ParityRow::name).toList());
    assertEquals(recorded(SD21), compared);
  }

  /** Published SD 1.x files spell the autoencoder's attention this way. */
  @Test
  void olderNamesOfTheAutoencoderGiveTheSame(@TempDir Path folder) throws Exception {
    Recordings.copy(SD15, folder, "vae");
    var legacy = Files.createDirectory(folder.resolve("vae_legacy_names"));
    var vae = folder.resolve("model/vae");
    Files.copy(vae.resolve("config.json"), legacy.resolve("config.json"));
    var renamed = new TreeSet<String>();
    new Recordings.Rewrite()
        .naming(name -> {
          var old =
              name.replace("to_q.", "query.")
                  .replace("to_k.", "key.")
                  .replace("to_v.", "value.")
                  .replace("to_out.0.", "proj_attn.");
          if (!old.equals(name)) {
            renamed.add(old);
          }
          return Optional.of(old);
        })
        .apply(
            vae.resolve("diffusion_pytorch_model.safetensors"),
            legacy.resolve("diffusion_pytorch_model.safetensors"));
    assertEquals(16, renamed.size());
    var verified = Verified.of(folder);
    verified.assertAllRight();
    assertEquals(6, verified.rows().size());
    for (var tensor : List.of("moments", "mode", "decoded")) {
      assertEquals(
          verified.row("vae/" + tensor).relL2(),
          verified.row("vae_legacy_names/" + tensor).relL2());
    }
  }

  @Test
  void aTextEncoderWithoutItsPrefixGivesTheSame(@TempDir Path folder) {
    Recordings.copy(SD15, folder, "text");
    new Recordings.Rewrite()
        .naming(name -> Optional.of(name.substring("text_model.".length())))
        .apply(folder.resolve("model/text_encoder/model.safetensors"));
    var verified = Verified.of(folder);
    verified.assertAllRight();
    assertEquals(4, verified.rows().size());
  }

  /** A module's output may also be that of the module around it. */
  @Test
  void modulesThatGiveTheSameValueMayBothBeRecorded(@TempDir Path folder) {
    Recordings.copy(SD15, folder, "unet");
    var attention = "square.act.down_blocks.0.attentions.0.transformer_blocks.0.attn1";
    new Recordings.Rewrite()
        .copying(attention, attention + ".to_out.0")
        .copying("square.act.mid_block", "square.act.mid_block.resnets.1")
        .copying("square.act.down_blocks.1", "square.act.down_blocks.1.downsamplers.0.conv")
        .apply(Recordings.file(folder, "unet"));
    var verified = Verified.of(folder);
    verified.assertAllRight();
    assertEquals(25, verified.rows().size());
  }
}
