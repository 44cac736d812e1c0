package org.drag4j.tests.parity;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.WeightSource.Entry;
import org.drag4j.weights.Safetensors;
import org.drag4j.weights.SafetensorsWriter;

/** The recorded fixtures, and changed copies of them. */
final class Recordings {
  static final Path SD15 = fixture("tiny-sd15");
  static final Path SD21 = fixture("tiny-sd21");

  private Recordings() {}

  private static Path fixture(String name) {
    URL url =
        Objects.requireNonNull(Recordings.class.getResource("/fixtures/" + name + "/model"), name);
    try {
      return Objects.requireNonNull(Path.of(url.toURI()).getParent());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static Path file(Path folder, String stem) {
    return folder.resolve(stem + ".safetensors");
  }

  /** A copy of the model and some recordings. */
  static Path copy(Path from, Path to, String... stems) {
    copyTree(from.resolve("model"), to.resolve("model"));
    try {
      for (var stem : stems) {
        Files.copy(file(from, stem), file(to, stem));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return to;
  }

  private static void copyTree(Path from, Path to) {
    try (var paths = Files.walk(from)) {
      for (var path : paths.toList()) {
        var target = to.resolve(from.relativize(path).toString());
        if (Files.isDirectory(path)) {
          Files.createDirectories(target);
        } else {
          Files.copy(path, target);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Replaces a file by one of changed tensors. */
  static final class Rewrite {
    private Function<String, Optional<String>> names = Optional::of;
    private UnaryOperator<Map<String, String>> metadata = UnaryOperator.identity();
    private final Map<String, UnaryOperator<Entry>> entries = new HashMap<>();
    private final Map<String, UnaryOperator<byte[]>> contents = new HashMap<>();
    private final Map<String, String> copies = new HashMap<>();

    /** Leaves out all others. */
    Rewrite keeping(Predicate<String> tensors) {
      return naming(name -> tensors.test(name) ? Optional.of(name) : Optional.empty());
    }

    Rewrite without(String tensor) {
      return keeping(name -> !name.equals(tensor));
    }

    Rewrite naming(Function<String, Optional<String>> to) {
      names = to;
      return this;
    }

    /** Adds a tensor equal to another. */
    Rewrite copying(String tensor, String to) {
      copies.put(tensor, to);
      return this;
    }

    Rewrite metadata(UnaryOperator<Map<String, String>> change) {
      metadata = change;
      return this;
    }

    /** States another shape or type. */
    Rewrite entry(String tensor, UnaryOperator<Entry> change) {
      entries.put(tensor, change);
      return this;
    }

    /** Multiplies a tensor of floating-point numbers. */
    Rewrite scaled(String tensor, double factor) {
      return changed(
          tensor,
          buffer -> {
            for (int i = 0; i < buffer.capacity(); i += Float.BYTES) {
              buffer.putFloat(i, (float) (buffer.getFloat(i) * factor));
            }
          });
    }

    /** Multiplies a tensor of float64 numbers. */
    Rewrite scaledF64(String tensor, double factor) {
      return changed(
          tensor,
          buffer -> {
            for (int i = 0; i < buffer.capacity(); i += Double.BYTES) {
              buffer.putDouble(i, buffer.getDouble(i) * factor);
            }
          });
    }

    /** A change of a tensor's bytes. */
    interface Change {
      void apply(ByteBuffer bytes);
    }

    Rewrite changed(String tensor, Change change) {
      contents.put(
          tensor,
          bytes -> {
            change.apply(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
            return bytes;
          });
      return this;
    }

    void apply(Path file) {
      apply(file, file);
    }

    void apply(Path file, Path to) {
      var declared = new LinkedHashMap<String, Entry>();
      var data = new LinkedHashMap<String, byte[]>();
      Map<String, String> meta;
      try (var source = Safetensors.open(file)) {
        for (var name : source.names()) {
          var renamed = names.apply(name);
          if (renamed.isEmpty()) {
            continue;
          }
          declared.put(
              renamed.get(),
              entries
                  .getOrDefault(name, UnaryOperator.identity())
                  .apply(source.entry(name).orElseThrow()));
          try (var arena = Arena.ofConfined()) {
            byte[] bytes = source.bytes(name, arena).toArray(ValueLayout.JAVA_BYTE);
            data.put(
                renamed.get(), contents.getOrDefault(name, UnaryOperator.identity()).apply(bytes));
          }
        }
        copies.forEach((name, copy) -> {
          declared.put(copy, Objects.requireNonNull(declared.get(name)));
          data.put(copy, Objects.requireNonNull(data.get(name)));
        });
        meta = metadata.apply(source.metadata());
      }
      try {
        Files.deleteIfExists(to);
        try (var writer = SafetensorsWriter.create(to, declared, meta)) {
          for (var e : data.entrySet()) {
            writer.write(e.getKey(), MemorySegment.ofArray(e.getValue()));
          }
          writer.finish();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Leaves one run in a file of RegionDrag runs. */
  static void onlyRun(Path folder, String tag) {
    new Rewrite()
        .keeping(name -> name.startsWith(tag + ".") || name.equals("image"))
        .metadata(m -> metadataOfRun(m, tag))
        .apply(file(folder, "regiondrag"));
  }

  /** Metadata with one of their runs, which all are objects without objects in them. */
  static Map<String, String> metadataOfRun(Map<String, String> metadata, String tag) {
    var meta = metadata.getOrDefault("meta", "");
    int runs = meta.indexOf("\"runs\":") + "\"runs\":".length();
    int run = meta.indexOf("\"" + tag + "\":", runs);
    int end = meta.indexOf('}', run) + 1;
    return Map.of("meta", meta.substring(0, runs) + "{" + meta.substring(run, end) + "}}");
  }

  /** A tensor's form as another element type of the same size. */
  static UnaryOperator<Entry> as(DType type) {
    return entry -> new Entry(entry.shape(), type);
  }
}
