package org.drag4j.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.Stream;
import org.drag4j.cache.Sha256;
import org.drag4j.tensor.DType;
import org.drag4j.weights.Component;
import org.drag4j.weights.ModelFolder;
import org.drag4j.weights.ModelInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RandomModelTest {
  private static final RandomModel.Progress QUIET = (component, bytes, total) -> {};

  @TempDir Path folder;

  private static byte[] tiny(String name) throws IOException {
    return RequiredTensorsTest.resource("tiny-sd15/" + name);
  }

  @Test
  void writesAModelThatOpens() throws Exception {
    var out = folder.resolve("deep").resolve("model");
    var reports = new ArrayList<Long>();
    RandomModel.write(
        RandomModelTest::tiny,
        7,
        out,
        (component, bytes, total) -> {
          reports.add(bytes);
          assertTrue(bytes <= total);
        });
    assertEquals(684 + 244 + 53, reports.size());
    var info = ModelInfo.read(out);
    assertEquals("StableDiffusionPipeline", info.pipeline().orElseThrow());
    assertEquals(
        reports.getLast(), info.bytes() + 77 * 8, "all but position_ids, which is left out");
    assertEquals(3_590_155, info.parameters(), "as in the recorded tiny model");
    var unet = info.parts().get(2);
    assertEquals("unet", unet.name());
    assertEquals("[32, 32, 64, 64]", unet.config().get("block_out_channels"));
    assertEquals(684, unet.dtypes().get(DType.F16));
    assertTrue(ModelFolder.open(out).vocabulary().isEmpty());
  }

  @Test
  void weightsHaveTheVarianceTheyShould() throws Exception {
    RandomModel.write(RandomModelTest::tiny, 7, folder.resolve("m"), QUIET);
    try (var unet = ModelFolder.open(folder.resolve("m")).component("unet")) {
      var block = "mid_block.attentions.0.transformer_blocks.0.";
      assertEquals(1, deviation(unet, block + "ff.net.0.proj.weight") * 8, 0.02);
      assertEquals(2, deviation(unet, block + "attn1.to_q.weight") * 8, 0.06);
      assertEquals(1, deviation(unet, "mid_block.resnets.0.conv1.weight") * 24, 0.02);
      assertEquals(0.1, deviation(unet, "mid_block.resnets.0.norm1.weight"), 0.03);
    }
  }

  private static double deviation(Component component, String name) {
    try (var arena = Arena.ofConfined()) {
      var bytes = component.weights().bytes(name, arena);
      long n = bytes.byteSize() / 2;
      double sum = 0;
      double squares = 0;
      for (long i = 0; i < n; i++) {
        double v = Float.float16ToFloat(bytes.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * i));
        sum += v;
        squares += v * v;
      }
      return Math.sqrt(squares / n - sum / n * (sum / n));
    }
  }

  @Test
  void theSeedAloneDecides() throws Exception {
    RandomModel.write(RandomModelTest::tiny, 7, folder.resolve("a"), QUIET);
    try (var one = new ForkJoinPool(1)) {
      one.submit(
              () -> {
                RandomModel.write(RandomModelTest::tiny, 7, folder.resolve("b"), QUIET);
                return true;
              })
          .get();
    }
    RandomModel.write(RandomModelTest::tiny, 8, folder.resolve("c"), QUIET);
    var name = "unet/diffusion_pytorch_model.safetensors";
    var a = folder.resolve("a").resolve(name);
    assertEquals(-1, Files.mismatch(a, folder.resolve("b").resolve(name)));
    assertNotEquals(-1, Files.mismatch(a, folder.resolve("c").resolve(name)));
  }

  /** A seed's files have always been these; whoever names a seed means them. */
  @ParameterizedTest
  @CsvSource({
    "tiny-sd15, c8bdebeb2e23f2f9d95fae2dc6727da4a1e014d196584d2b284733c9becaea9e, "
        + "abc3f537ea00d74fc801b9376260f3d56d0312f5fbf00160d32f752ff9bf2b74",
    "tiny-sd21, c8bdebeb2e23f2f9d95fae2dc6727da4a1e014d196584d2b284733c9becaea9e, "
        + "f64186c03e4eb8bbfeda84a5e1c05ea35375ba08b930ab0da5ac179cc20bfd31",
  })
  void theBytesOfASeedStay(String model, String text, String unet) throws Exception {
    var out = folder.resolve("m");
    RandomModel.write(name -> RequiredTensorsTest.resource(model + "/" + name), 7, out, QUIET);
    assertEquals(text, sha256(out.resolve("text_encoder/model.safetensors")));
    assertEquals(unet, sha256(out.resolve("unet/diffusion_pytorch_model.safetensors")));
    assertEquals(
        "32521318eb69b244db9b548aa531d2f67dbbc4b908da8d49d86ef6515a860765",
        sha256(out.resolve("vae/diffusion_pytorch_model.safetensors")));
  }

  private static String sha256(Path file) throws IOException {
    return Sha256.hex(Files.readAllBytes(file));
  }

  @Test
  void anInterruptLeavesNothing() throws IOException {
    var out = folder.resolve("m");
    assertThrows(
        InterruptedException.class,
        () ->
            RandomModel.write(
                RandomModelTest::tiny,
                7,
                out,
                (component, bytes, total) -> {
                  if (bytes > total / 2) {
                    Thread.currentThread().interrupt();
                  }
                }));
    assertFalse(Thread.interrupted());
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void aFolderWithContentIsKept() throws IOException {
    Files.createDirectory(folder.resolve("m"));
    Files.writeString(folder.resolve("m").resolve("mine.txt"), "x");
    var e =
        assertThrows(
            FileAlreadyExistsException.class,
            () -> RandomModel.write(RandomModelTest::tiny, 7, folder.resolve("m"), QUIET));
    assertTrue(
        String.valueOf(e.getMessage()).contains("expected a new or empty folder"),
        String.valueOf(e.getMessage()));
  }

  @Test
  void theNormalTableIsNormal() {
    float[] q = RandomModel.Normal.QUANTILES;
    double squares = 0;
    double fourths = 0;
    for (int i = 0; i < q.length; i++) {
      assertTrue(i == 0 || q[i] > q[i - 1]);
      assertEquals(-q[i], q[q.length - 1 - i]);
      squares += (double) q[i] * q[i];
      fourths += Math.pow(q[i], 4);
    }
    assertEquals(1, squares / q.length, 1e-6);
    assertEquals(3, fourths / q.length, 0.01);
    // The 97.5 % point of the standard normal distribution.
    assertEquals(1.959964, q[(int) (0.975 * q.length)], 1e-3);
  }
}
