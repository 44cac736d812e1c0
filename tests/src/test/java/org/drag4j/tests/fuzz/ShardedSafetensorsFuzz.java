package org.drag4j.tests.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightSource.Entry;
import org.drag4j.weights.ModelException;
import org.drag4j.weights.SafetensorsWriter;
import org.drag4j.weights.ShardedSafetensors;

/**
 * Indices of sharded weights, beside two files they may name: refused, or every tensor they list is
 * one of those.
 */
public final class ShardedSafetensorsFuzz {
  private static final Path FOLDER = folder();
  private static final Path INDEX = FOLDER.resolve("model.safetensors.index.json");

  private ShardedSafetensorsFuzz() {}

  private static Path folder() {
    try {
      var outer = Files.createTempDirectory("drag4j-fuzz");
      outer.toFile().deleteOnExit();
      var folder = Files.createDirectory(outer.resolve("model"));
      folder.toFile().deleteOnExit();
      shard(folder.resolve("a.safetensors"), "w");
      shard(folder.resolve("b.safetensors"), "v");
      shard(outer.resolve("outside.safetensors"), "w");
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void shard(Path file, String name) throws IOException {
    var tensors = new LinkedHashMap<String, Entry>();
    tensors.put(name, new Entry(Shape.of(1), DType.F32));
    try (var arena = Arena.ofConfined();
        var writer = SafetensorsWriter.create(file, tensors, Map.of())) {
      writer.write(name, arena.allocate(4));
      writer.finish();
    }
    file.toFile().deleteOnExit();
  }

  /** One input. */
  public static void fuzzerTestOneInput(byte[] data) {
    Invariants.bounded(data.length, () -> check(data));
  }

  private static void check(byte[] data) {
    try {
      Files.deleteIfExists(INDEX);
      Files.write(INDEX, data);
      try (var weights = ShardedSafetensors.open(INDEX);
          var arena = Arena.ofConfined()) {
        for (var name : weights.names()) {
          Invariants.same(true, name.equals("w") || name.equals("v"));
          Invariants.same(4L, weights.bytes(name, arena).byteSize());
        }
      } catch (ModelException e) {
        Invariants.refusal(INDEX.toString(), e);
      } finally {
        Files.deleteIfExists(INDEX);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
