package org.drag4j.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightSource.Entry;

/** Small checkpoints that the tests write. */
final class TestFiles {
  private TestFiles() {}

  static String message(Throwable e) {
    return String.valueOf(e.getMessage());
  }

  /** A file with this header and this many bytes of data, right or wrong. */
  static Path raw(Path file, String header, int dataBytes) {
    return raw(file, header.getBytes(StandardCharsets.UTF_8), dataBytes);
  }

  static Path raw(Path file, byte[] header, int dataBytes) {
    return bytes(
        file,
        ByteBuffer.allocate(8 + header.length + dataBytes)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(header.length)
            .put(header)
            .array());
  }

  static Path bytes(Path file, byte[] bytes) {
    try {
      Files.createDirectories(file.resolveSibling("."));
      return Files.write(file, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Path text(Path file, String text) {
    return bytes(file, text.getBytes(StandardCharsets.UTF_8));
  }

  /** One F32 tensor's header entry. */
  static String f32(String name, int elements, long begin) {
    return "\"%s\":{\"dtype\":\"F32\",\"shape\":[%d],\"data_offsets\":[%d,%d]}"
        .formatted(name, elements, begin, begin + 4L * elements);
  }

  /** A valid file of F32 tensors; element i of tensor k is 100 k + i. */
  static Path write(Path file, Map<String, Shape> tensors) {
    var entries = new LinkedHashMap<String, Entry>();
    tensors.forEach((name, shape) -> entries.put(name, new Entry(shape, DType.F32)));
    try {
      Files.createDirectories(file.resolveSibling("."));
      try (var writer = SafetensorsWriter.create(file, entries, Map.of("format", "pt"))) {
        int k = 0;
        for (var e : tensors.entrySet()) {
          float[] values = new float[(int) e.getValue().size()];
          for (int i = 0; i < values.length; i++) {
            values[i] = 100f * k + i;
          }
          writer.write(e.getKey(), MemorySegment.ofArray(values));
          k++;
        }
        writer.finish();
      }
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
