package org.drag4j.pipeline;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightSource.Entry;
import org.drag4j.weights.Config;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The lists are those of files written by diffusers and transformers. */
class RequiredTensorsTest {
  static byte[] resource(String name) throws IOException {
    try (var in = RequiredTensorsTest.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException("resource " + name + ": expected in the test resources, got nothing");
      }
      return in.readAllBytes();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tiny-sd15", "tiny-sd21"})
  void namesAndShapesAreThoseOfRealFiles(String model) throws IOException {
    check(model + "/unet", RequiredTensors::unet, 684);
    check(model + "/vae", RequiredTensors::autoencoder, 244);
    check(model + "/text_encoder", RequiredTensors::textEncoder, 53);
  }

  private static void check(String folder, Function<Config, Map<String, Entry>> list, int count)
      throws IOException {
    var expected = new TreeMap<String, Entry>();
    for (var line : new String(resource(folder + "/tensors.txt"), UTF_8).lines().toList()) {
      var parts = line.split(" ", 3);
      var dims = parts[2].replaceAll("[\\[\\] ]", "").split(",");
      var shape = Shape.of(Arrays.stream(dims).mapToInt(Integer::parseInt).toArray());
      expected.put(parts[0], new Entry(shape, DType.valueOf(parts[1])));
    }
    assertEquals(count, expected.size());
    var config = Config.read(folder, new ByteArrayInputStream(resource(folder + "/config.json")));
    assertEquals(expected, new TreeMap<>(list.apply(config)));
  }

  /** Published counts: SD 1.5 and SD 2.1 on the Hugging Face hub. */
  @Test
  void fullSizeModelsHaveThePublishedNumberOfParameters() throws IOException {
    assertEquals(859_520_964, parameters(RandomModel.Like.SD15, "unet", RequiredTensors::unet));
    assertEquals(865_910_724, parameters(RandomModel.Like.SD21, "unet", RequiredTensors::unet));
    assertEquals(
        83_653_863, parameters(RandomModel.Like.SD15, "vae", RequiredTensors::autoencoder));
    assertEquals(
        123_060_480,
        parameters(RandomModel.Like.SD15, "text_encoder", RequiredTensors::textEncoder));
    assertEquals(
        340_387_840,
        parameters(RandomModel.Like.SD21, "text_encoder", RequiredTensors::textEncoder));
  }

  private static long parameters(
      RandomModel.Like like, String folder, Function<Config, Map<String, Entry>> list)
      throws IOException {
    var name = folder + "/config.json";
    var config = Config.read(name, new ByteArrayInputStream(like.file(name)));
    return list.apply(config).values().stream()
        .filter(entry -> entry.dtype() == DType.F16)
        .mapToLong(entry -> entry.shape().size())
        .sum();
  }
}
