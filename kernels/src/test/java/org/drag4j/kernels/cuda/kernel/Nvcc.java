package org.drag4j.kernels.cuda.kernel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What nvcc makes of the kernels: registers, stack and spills, for every chip we care for. */
final class Nvcc {
  /**
   * A chip, with what one multiprocessor holds: bytes of memory for blocks to share, warps and
   * blocks.
   */
  enum Chip {
    SM_80(164 << 10, 64, 32),
    SM_89(100 << 10, 48, 24),
    SM_90(228 << 10, 64, 32);

    /** Every block takes this much beside its own. */
    private static final int RESERVED = 1 << 10;

    private static final int REGISTERS = 1 << 16;

    /** Registers are given out to a warp by so many a thread. */
    private static final int UNIT = 8;

    private final int shared;
    private final int warps;
    private final int blocks;

    Chip(int shared, int warps, int blocks) {
      this.shared = shared;
      this.warps = warps;
      this.blocks = blocks;
    }

    String label() {
      return "sm_" + name().substring(3);
    }

    /** The most memory one block may have. */
    int sharedOfABlock() {
      return shared - RESERVED;
    }

    /** Warps at work at a time, in percent of those there could be. */
    int occupancy(int threads, int registers, int sharedBytes) {
      int each = threads / 32;
      int byRegisters = REGISTERS / (Math.ceilDiv(registers, UNIT) * UNIT * 32) / each;
      int byShared = shared / (sharedBytes + RESERVED);
      int fit = Math.min(Math.min(byRegisters, byShared), Math.min(warps / each, blocks));
      return 100 * fit * each / warps;
    }
  }

  /** One kernel on one chip. */
  record Use(String kernel, Chip chip, int registers, int stack, int spills) {}

  private static final Pattern ENTRY =
      Pattern.compile("Compiling entry function '(\\w+)' for '(sm_\\d+)'");
  private static final Pattern STACK =
      Pattern.compile(
          "(\\d+) bytes stack frame, (\\d+) bytes spill stores, (\\d+) bytes spill loads");
  private static final Pattern REGISTERS = Pattern.compile("Used (\\d+) registers");

  private Nvcc() {}

  /** Whether there is one. */
  static boolean isPresent() {
    return Tool.find("nvcc").isPresent();
  }

  /** Its version, as {@code 13.0.88}. */
  static String version() {
    var text = Tool.run("nvcc", "--version");
    var m = Pattern.compile("V(\\d+\\.\\d+\\.\\d+)").matcher(text);
    if (!m.find()) {
      throw new IllegalStateException("nvcc --version: expected a version, got " + text);
    }
    return m.group(1);
  }

  /**
   * Compiles every source, warnings as errors, with the records' layouts as assertions.
   *
   * @throws IllegalStateException with nvcc's words if it does not compile
   */
  static List<Use> compile() {
    return CudaKernels.files().parallelStream()
        .flatMap(file -> parse(compile(file)).stream())
        .toList();
  }

  private static String compile(String file) {
    try {
      var source = Files.createTempFile("drag4j-", ".cu");
      try {
        Files.writeString(source, CudaKernels.source(file) + assertions(file));
        var command =
            new ArrayList<>(
                List.of(
                    "nvcc",
                    "-std=c++17",
                    "-O3",
                    "-Werror",
                    "all-warnings",
                    // Functions of our headers that this source does not need.
                    "-diag-suppress",
                    "177",
                    "-Xptxas",
                    "-v"));
        for (var chip : Chip.values()) {
          var number = chip.label().substring(3);
          command.add("-gencode");
          command.add("arch=compute_" + number + ",code=sm_" + number);
        }
        command.addAll(List.of("-fatbin", "-o", "/dev/null", source.toString()));
        return Tool.run(command.toArray(String[]::new));
      } finally {
        Files.delete(source);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String assertions(String file) {
    return Shim.layouts(file).values().stream()
        .map(a -> {
          var type = a.type().getSimpleName();
          return "static_assert(sizeof(%s) == %d, \"\");\n".formatted(type, a.size())
              + a.paths()
                  .map(p ->
                      "static_assert(__builtin_offsetof(%s, %s) == %d, \"\");\n"
                          .formatted(type, p, a.offset(p)))
                  .collect(Collectors.joining());
        })
        .collect(Collectors.joining());
  }

  /** ptxas names a kernel, then says what it takes. */
  static List<Use> parse(String output) {
    var uses = new ArrayList<Use>();
    String kernel = "";
    String chip = "";
    int stack = 0;
    int spills = 0;
    for (var line : output.lines().toList()) {
      var entry = ENTRY.matcher(line);
      var frame = STACK.matcher(line);
      var registers = REGISTERS.matcher(line);
      if (entry.find()) {
        kernel = entry.group(1);
        chip = entry.group(2);
      } else if (frame.find()) {
        stack = Integer.parseInt(frame.group(1));
        spills = Integer.parseInt(frame.group(2)) + Integer.parseInt(frame.group(3));
      } else if (registers.find()) {
        var label = chip;
        var on = Stream.of(Chip.values()).filter(c -> c.label().equals(label)).findFirst();
        uses.add(
            new Use(kernel, on.orElseThrow(), Integer.parseInt(registers.group(1)), stack, spills));
      }
    }
    return uses;
  }

  /** A file of the repository; tests run in their module's folder. */
  static Path repositoryFile(String path) {
    return Path.of("..").resolve(path);
  }
}
