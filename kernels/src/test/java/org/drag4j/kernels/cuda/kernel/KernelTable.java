package org.drag4j.kernels.cuda.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.drag4j.kernels.cuda.kernel.Nvcc.Chip;
import org.drag4j.kernels.cuda.kernel.Nvcc.Use;

/**
 * Writes the table of what every kernel takes into {@code docs/kernels.md}, between its two marks.
 * {@code docs/kernels.md} says how it is started.
 */
public final class KernelTable {
  static final String BEGIN = "<!-- table -->";
  static final String END = "<!-- end of table -->";

  /** Channels for the kernels whose shared memory depends on them. */
  private static final int CHANNELS = 1280;

  private KernelTable() {}

  /**
   * Rewrites the table.
   *
   * @param args the file
   */
  public static void main(String[] args) throws IOException {
    var file = Path.of(args[0]);
    Files.writeString(
        file, replaced(Files.readString(file), table(Nvcc.version(), Nvcc.compile())));
  }

  /** The text with another table between the marks. */
  static String replaced(String text, String table) {
    int begin = text.indexOf(BEGIN);
    int end = text.indexOf(END);
    if (begin < 0 || end < begin) {
      throw new IllegalStateException(
          "docs/kernels.md: expected " + BEGIN + " and " + END + "; put them back");
    }
    return text.substring(0, begin + BEGIN.length()) + "\n" + table + text.substring(end);
  }

  /** A row a kernel; three numbers with strokes between are for the three chips. */
  static String table(String version, List<Use> uses) {
    var text =
        new StringBuilder(
            "nvcc %s, %s.\n\n".formatted(version, join(c -> c.label()).replace(" / ", ", ")));
    text.append(
        "| kernel | threads | shared memory | registers | stack | spills | occupancy % |\n");
    text.append("|---|---|---|---|---|---|---|\n");
    Map<String, Map<Chip, Use>> byName = new TreeMap<>();
    for (var u : uses) {
      byName.computeIfAbsent(u.kernel(), _ -> new TreeMap<>()).put(u.chip(), u);
    }
    for (var kernel : CudaKernels.all()) {
      var on = byName.getOrDefault(kernel.name(), Map.of());
      if (on.size() != Chip.values().length) {
        throw new IllegalStateException(
            kernel + ": expected numbers for every chip, got " + on.keySet());
      }
      int shared = shared(kernel);
      text.append(
          "| %s | %d | %d | %s | %d | %d | %s |\n"
              .formatted(
                  kernel.name(),
                  kernel.threads(),
                  shared,
                  join(c -> Integer.toString(use(on, c).registers())),
                  on.values().stream().mapToInt(Use::stack).max().orElseThrow(),
                  on.values().stream().mapToInt(Use::spills).max().orElseThrow(),
                  join(c ->
                      Integer.toString(
                          c.occupancy(kernel.threads(), use(on, c).registers(), shared)))));
    }
    return text.toString();
  }

  private static Use use(Map<Chip, Use> on, Chip chip) {
    var use = on.get(chip);
    if (use == null) {
      throw new IllegalStateException(chip + ": expected numbers, got none");
    }
    return use;
  }

  private static String join(Function<Chip, String> what) {
    return Stream.of(Chip.values()).map(what).collect(Collectors.joining(" / "));
  }

  /** Shared memory of a block, with {@link #CHANNELS} channels where it depends on them. */
  static <A extends Record> int shared(CudaKernel<A> kernel) {
    return kernel.sharedBytes(kernel.arguments().type().cast(some(kernel.arguments().type())));
  }

  /** Arguments of zeros. */
  private static Record some(Class<?> type) {
    try {
      var components = type.getRecordComponents();
      var types = new Class<?>[components.length];
      var values = new Object[components.length];
      for (int i = 0; i < components.length; i++) {
        types[i] = components[i].getType();
        if (types[i].isRecord()) {
          values[i] = some(types[i]);
        } else if (types[i] == int.class) {
          values[i] = components[i].getName().equals("channels") ? CHANNELS : 0;
        } else if (types[i] == long.class) {
          values[i] = 0L;
        } else {
          values[i] = 0f;
        }
      }
      return (Record) type.getDeclaredConstructor(types).newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type.getSimpleName(), e);
    }
  }
}
