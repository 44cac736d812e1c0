package org.drag4j.tests.parity;

import static org.drag4j.tests.parity.Recordings.SD15;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.drag4j.method.Session;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.verify.ParityOptions;
import org.drag4j.weights.ModelFolder;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs of one seed against each other. */
class SameSeedTest {
  private static final LatentGrid GRID = new LatentGrid(16, 24, 4);

  @TempDir private static Path folder;

  @BeforeAll
  static void prepare() {
    Recordings.copy(SD15, folder, "regiondrag");
    Recordings.onlyRun(folder, "leading");
  }

  /** Every latent of the run from the seed, by name. */
  private static Map<String, float[]> latents(boolean batched) {
    var latents = new LinkedHashMap<String, float[]>();
    final class Recorder extends FaultySession {
      Recorder(Session right) {
        super(right);
      }

      @Override
      public void observe(String name, float[] latent) {
        super.observe(name, latent);
        // The run from the seed comes second and takes the place of the first.
        latents.put(name, latent.clone());
      }
    }
    Verified.of(folder, true, new ParityOptions(batched, Recorder::new)).assertAllRight();
    assertEquals(1 + 24, latents.size());
    return latents;
  }

  private static float[] last(Map<String, float[]> latents) {
    return Objects.requireNonNull(latents.get("denoise.05.out"));
  }

  @Test
  void theSameSeedGivesTheSameBits() {
    var first = latents(false);
    var second = latents(false);
    first.forEach((name, latent) -> assertArrayEquals(latent, second.get(name), name));
    try (var backend = Verified.backend();
        var pipeline =
            Pipeline.open(
                ModelFolder.open(folder.resolve("model")), backend, Verified.plan(true))) {
      assertEquals(picture(pipeline, last(first)), picture(pipeline, last(second)));
    }
  }

  private static Picture picture(Pipeline pipeline, float[] latent) {
    return Picture.fromModel(pipeline.decode(latent, GRID), 192, 128, false);
  }

  @Test
  void oneBatchOfInversionsEqualsOneAfterTheOther() {
    var sequential = latents(false);
    var batched = latents(true);
    sequential.forEach((name, latent) -> {
      double error = relative(latent, Objects.requireNonNull(batched.get(name)));
      assertTrue(error <= 1e-5, name + ": " + error);
    });
    assertFalse(Arrays.equals(last(sequential), new float[GRID.size()]));
  }

  private static double relative(float[] expected, float[] actual) {
    double norm = 0;
    double error = 0;
    for (int i = 0; i < expected.length; i++) {
      double d = (double) actual[i] - expected[i];
      norm += (double) expected[i] * expected[i];
      error += d * d;
    }
    return Math.sqrt(error / norm);
  }
}
