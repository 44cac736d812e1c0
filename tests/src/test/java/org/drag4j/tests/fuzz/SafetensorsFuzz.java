package org.drag4j.tests.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.drag4j.tensor.WeightSource.Entry;
import org.drag4j.weights.Safetensors;
import org.drag4j.weights.SafetensorsException;
import org.drag4j.weights.SafetensorsWriter;

/**
 * Safetensors files: refused by their exception, or readable to the last byte and the same when
 * written again. Every input is tried as a file, and as the header of a file that fits it, which
 * mutation alone seldom makes.
 */
public final class SafetensorsFuzz {
  private static final Path FOLDER = folder();
  private static final Path FILE = FOLDER.resolve("a.safetensors");
  private static final Path AGAIN = FOLDER.resolve("b.safetensors");
  private static final int MOST_DATA = 1 << 16;
  private static final Pattern OFFSETS = Pattern.compile("\\[\\s*\\d+\\s*,\\s*(\\d{1,5})\\s*]");

  private SafetensorsFuzz() {}

  private static Path folder() {
    try {
      var folder = Files.createTempDirectory("drag4j-fuzz");
      folder.toFile().deleteOnExit();
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** One input. */
  public static void fuzzerTestOneInput(byte[] data) {
    Invariants.bounded(data.length, () -> check(data));
    byte[] framed = framed(data);
    Invariants.bounded(framed.length, () -> check(framed));
  }

  /** A file with this header and as many bytes after it as its last tensor needs. */
  private static byte[] framed(byte[] header) {
    int end = 0;
    var offsets = OFFSETS.matcher(new String(header, StandardCharsets.ISO_8859_1));
    while (offsets.find()) {
      end = Math.max(end, Math.min(MOST_DATA, Integer.parseInt(offsets.group(1))));
    }
    var file = ByteBuffer.allocate(8 + header.length + end).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(header.length).put(header);
    for (int i = 0; i < end; i++) {
      file.put((byte) i);
    }
    return file.array();
  }

  private static void check(byte[] data) {
    try {
      // Rewriting a file in place makes some file systems write to the disk each time.
      Files.deleteIfExists(FILE);
      Files.write(FILE, data);
      try (var weights = Safetensors.open(FILE)) {
        var tensors = entries(weights);
        var bytes = contents(weights);
        long total = bytes.stream().mapToLong(b -> b.length).sum();
        if (total > data.length) {
          throw new AssertionError(total + " bytes of tensors in a file of " + data.length);
        }
        write(weights, tensors, bytes);
        try (var again = Safetensors.open(AGAIN)) {
          Invariants.same(tensors, entries(again));
          Invariants.same(weights.metadata(), again.metadata());
          Invariants.same(new ArrayList<>(weights.names()), new ArrayList<>(again.names()));
          var after = contents(again);
          for (int i = 0; i < after.size(); i++) {
            if (!Arrays.equals(bytes.get(i), after.get(i))) {
              throw new AssertionError("tensor " + i + " differs after a round trip");
            }
          }
        }
      } catch (SafetensorsException e) {
        Invariants.refusal(FILE.toString(), e);
      } finally {
        Files.deleteIfExists(FILE);
        Files.deleteIfExists(AGAIN);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, Entry> entries(Safetensors weights) {
    var entries = new LinkedHashMap<String, Entry>();
    for (var name : weights.names()) {
      entries.put(name, weights.entry(name).orElseThrow());
    }
    return entries;
  }

  private static List<byte[]> contents(Safetensors weights) {
    try (var arena = Arena.ofConfined()) {
      return weights.names().stream()
          .map(name -> weights.bytes(name, arena).toArray(ValueLayout.JAVA_BYTE))
          .toList();
    }
  }

  private static void write(Safetensors weights, Map<String, Entry> tensors, List<byte[]> bytes)
      throws IOException {
    try (var arena = Arena.ofConfined();
        var writer = SafetensorsWriter.create(AGAIN, tensors, weights.metadata())) {
      int at = 0;
      for (var name : tensors.keySet()) {
        byte[] content = bytes.get(at++);
        var segment = arena.allocate(content.length);
        segment.copyFrom(MemorySegment.ofArray(content));
        writer.write(name, segment);
      }
      writer.finish();
    }
  }
}
