package org.drag4j.weights;

import static org.drag4j.weights.TestFiles.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightMismatchException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShardedSafetensorsTest {
  @TempDir Path temporary;
  private Path folder = Path.of("");

  @BeforeEach
  void writeShards() {
    folder = temporary.resolve("unet");
    TestFiles.write(folder.resolve("m-1.safetensors"), Map.of("a", Shape.of(2)));
    TestFiles.write(folder.resolve("m-2.safetensors"), Map.of("b", Shape.of(3)));
    TestFiles.write(temporary.resolve("outside.safetensors"), Map.of("a", Shape.of(2)));
  }

  private Path index(String weightMap) {
    return TestFiles.text(
        folder.resolve("m.safetensors.index.json"),
        "{\"metadata\":{\"total_size\":20},\"weight_map\":" + weightMap + "}");
  }

  @Test
  void readsTensorsOfAllShards() {
    var index = index("{\"b\":\"m-2.safetensors\",\"a\":\"m-1.safetensors\"}");
    try (var weights = ShardedSafetensors.open(index);
        var arena = Arena.ofConfined()) {
      assertEquals(List.of("b", "a"), List.copyOf(weights.names()));
      assertEquals(2, weights.shards());
      assertEquals(Shape.of(3), weights.entry("b").orElseThrow().shape());
      assertEquals(2f, weights.bytes("b", arena).get(ValueLayout.JAVA_FLOAT_UNALIGNED, 8));
      assertThrows(WeightMismatchException.class, () -> weights.bytes("c", arena));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../outside.safetensors",
        "..\\\\outside.safetensors",
        "/etc/outside.safetensors",
        "C:outside.safetensors",
        "sub/m-1.safetensors",
        "m-1.bin",
        "..",
        "",
        "m-1\\u0000.safetensors"
      })
  void aShardOutsideTheFolderIsRefused(String shard) {
    var index = index("{\"a\":\"" + shard + "\"}");
    var e = assertThrows(SafetensorsException.class, () -> ShardedSafetensors.open(index));
    assertTrue(
        message(e).contains("expected the name of a .safetensors file in the same folder"),
        message(e));
  }

  /** As in Hugging Face's cache, where every file is a link to a blob without a suffix. */
  @Test
  void shardsAndIndexMayBeLinks() throws IOException {
    var blobs = Files.createDirectory(temporary.resolve("blobs"));
    var snapshot = Files.createDirectories(temporary.resolve("snapshots/abc/unet"));
    var index = index("{\"b\":\"m-2.safetensors\",\"a\":\"m-1.safetensors\"}");
    int name = 0;
    for (var file :
        List.of(index, folder.resolve("m-1.safetensors"), folder.resolve("m-2.safetensors"))) {
      var blob = Files.move(file, blobs.resolve("" + name++));
      var link = snapshot.resolve(String.valueOf(file.getFileName()));
      Files.createSymbolicLink(link, Path.of("../../../blobs").resolve(blob.getFileName()));
    }
    var link = snapshot.resolve("m.safetensors.index.json");
    try (var weights = ShardedSafetensors.open(link);
        var arena = Arena.ofConfined()) {
      assertEquals(2f, weights.bytes("b", arena).get(ValueLayout.JAVA_FLOAT_UNALIGNED, 8));
    }
    Files.delete(blobs.resolve("2"));
    var e = assertThrows(ModelNotFoundException.class, () -> ShardedSafetensors.open(link));
    assertTrue(
        message(e).contains("m-2.safetensors: expected a file, got a link to \"../"), message(e));
    Files.delete(blobs.resolve("0"));
    var i = assertThrows(ModelNotFoundException.class, () -> ShardedSafetensors.open(link));
    assertTrue(message(i).contains("index.json: expected a file, got a link to"), message(i));
  }

  @Test
  void aMissingShardOrTensorIsNamed() {
    var noShard = index("{\"a\":\"m-4.safetensors\"}");
    var e = assertThrows(ModelNotFoundException.class, () -> ShardedSafetensors.open(noShard));
    assertTrue(message(e).contains("\"m-4.safetensors\""), message(e));
    var noTensor = index("{\"a\":\"m-2.safetensors\"}");
    var t = assertThrows(SafetensorsException.class, () -> ShardedSafetensors.open(noTensor));
    assertTrue(message(t).contains("expected tensor \"a\" in "), message(t));
  }

  @Test
  void aDamagedIndexIsRefused() {
    check("[]", "weight_map: expected an object, got a list");
    check("{\"a\":1}", "tensor \"a\": expected a file name, got 1");
    check("{\"a\":\"m-1.safetensors\",\"a\":\"m-1.safetensors\"}", "expected every name once");
    var none = TestFiles.text(folder.resolve("m.safetensors.index.json"), "{}");
    var e = assertThrows(SafetensorsException.class, () -> ShardedSafetensors.open(none));
    assertTrue(message(e).contains("expected a weight_map, got none"), message(e));
  }

  private void check(String weightMap, String expected) {
    var index = index(weightMap);
    var e = assertThrows(SafetensorsException.class, () -> ShardedSafetensors.open(index));
    assertTrue(message(e).contains(expected), message(e));
  }
}
