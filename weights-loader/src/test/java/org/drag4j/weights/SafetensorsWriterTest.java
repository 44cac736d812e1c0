package org.drag4j.weights;

import static org.drag4j.weights.TestFiles.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightSource.Entry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
  @TempDir Path folder;

  private SafetensorsWriter writer() throws IOException {
    var tensors = new LinkedHashMap<String, Entry>();
    tensors.put("a", new Entry(Shape.of(2), DType.F32));
    tensors.put("b", new Entry(Shape.of(3), DType.U8));
    return SafetensorsWriter.create(folder.resolve("w.safetensors"), tensors, Map.of());
  }

  private long files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.count();
    }
  }

  @Test
  void unfinishedLeavesNothing() throws IOException {
    try (var writer = writer()) {
      writer.write("a", MemorySegment.ofArray(new float[2]));
      var e = assertThrows(IllegalStateException.class, writer::finish);
      assertTrue(message(e).contains("expected tensor \"b\""), message(e));
    }
    assertEquals(0, files());
  }

  @Test
  void finishedIsOneFileWithAlignedData() throws IOException {
    try (var writer = writer()) {
      writer.write("a", MemorySegment.ofArray(new float[2]));
      writer.write("b", MemorySegment.ofArray(new byte[3]));
      writer.finish();
    }
    assertEquals(1, files());
    assertEquals(11 % 8, Files.size(folder.resolve("w.safetensors")) % 8);
  }

  @Test
  void refusesTheWrongOrderAndSize() throws IOException {
    try (var writer = writer()) {
      assertThrows(
          IllegalArgumentException.class,
          () -> writer.write("b", MemorySegment.ofArray(new byte[3])));
    }
    try (var writer = writer()) {
      var e =
          assertThrows(
              IllegalArgumentException.class,
              () -> writer.write("a", MemorySegment.ofArray(new float[3])));
      assertTrue(message(e).contains("expected \"a\" of 8 bytes, got \"a\" of 12"));
    }
    assertEquals(0, files());
  }

  @Test
  void refusesWhatCouldNotBeReadBack() {
    var tensors = Map.of("a\nb", new Entry(Shape.of(2), DType.F32));
    assertThrows(
        SafetensorsException.class,
        () -> SafetensorsWriter.create(folder.resolve("w.safetensors"), tensors, Map.of()));
  }
}
