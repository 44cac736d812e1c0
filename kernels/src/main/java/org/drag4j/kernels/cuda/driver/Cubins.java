package org.drag4j.kernels.cuda.driver;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.drag4j.cache.Sha256;
import org.drag4j.device.DeviceException;

/**
 * Programs compiled ahead, so that a machine with nothing but a driver can run them. Each is listed
 * with a hash of what it was compiled from, and one of other sources is never used.
 */
public final class Cubins {
  /** Where they lie on the class path: {@code index.txt}, and a file for each of its lines. */
  public static final String FOLDER = "/org/drag4j/kernels/cuda/cubins/";

  /** Name of the list. */
  public static final String INDEX = "index.txt";

  /** What nvcc is told beside the chips. */
  public static final List<String> OPTIONS = List.of("-std=c++17", "-O3");

  /** Chips they are made for. */
  public static final List<String> CHIPS = List.of("sm_80", "sm_89", "sm_90");

  /** The chip whose PTX a driver compiles itself for one that is not among {@link #CHIPS}. */
  public static final String PTX = "compute_80";

  private final List<Entry> entries;
  private final Function<String, Optional<byte[]>> files;

  /**
   * One program.
   *
   * @param arch {@code sm_90} for a cubin, {@code compute_80} for PTX
   * @param source name of the source
   * @param key hash of what it was compiled from
   * @param hash hash of the program
   */
  private record Entry(String arch, String source, String key, String hash) {
    String file() {
      return Cubins.file(arch, source);
    }

    /** Whether this is machine code that a chip of this capability runs. */
    boolean runsOn(int major, int minor) {
      return arch.startsWith("sm_") && number() / 10 == major && number() % 10 <= minor;
    }

    boolean isPtxFor(int major) {
      return arch.startsWith("compute_") && number() / 10 <= major;
    }

    int number() {
      return Integer.parseInt(arch.substring(arch.indexOf('_') + 1));
    }
  }

  private Cubins(List<Entry> entries, Function<String, Optional<byte[]>> files) {
    this.entries = entries;
    this.files = files;
  }

  /** Those on the class path; there need be none. */
  public static Cubins ofClassPath() {
    return of(name -> {
      try (var in = Cubins.class.getResourceAsStream(FOLDER + name)) {
        return in == null ? Optional.empty() : Optional.of(in.readAllBytes());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    });
  }

  /**
   * Those of a folder.
   *
   * @param files contents by name, empty where there is no such file
   * @throws DeviceException where the list cannot be read
   */
  public static Cubins of(Function<String, Optional<byte[]>> files) {
    var text = files.apply(INDEX).map(b -> new String(b, StandardCharsets.UTF_8)).orElse("");
    return new Cubins(
        text.lines()
            .filter(line -> !line.isBlank() && !line.startsWith("#"))
            .map(Cubins::parse)
            .toList(),
        files);
  }

  private static Entry parse(String line) {
    var words = line.split(" ", -1);
    if (words.length != 4 || !words[0].matches("(sm|compute)_[1-9][0-9]{1,2}")) {
      throw new DeviceException(
          FOLDER + INDEX + ": expected chip, source, key and hash, got: " + line);
    }
    return new Entry(words[0], words[1], words[2], words[3]);
  }

  /** The line of a program in the list. */
  public static String line(String arch, CudaSource source, byte[] program) {
    return String.join(" ", arch, source.name(), key(arch, source), hash(program));
  }

  /** Name of a program's file: {@code sm_90/geglu.cu.bin}. */
  public static String file(String arch, String source) {
    return arch + "/" + source + ".bin";
  }

  private static String key(String arch, CudaSource source) {
    return ProgramCache.key("nvcc", source, OPTIONS, arch);
  }

  /**
   * Machine code for a chip: compiled for it, or for the nearest one before it of its generation.
   * Empty where there is none of this very source.
   */
  public Optional<byte[]> cubin(CudaSource source, int major, int minor) {
    return of(source)
        .filter(e -> e.runsOn(major, minor))
        .sorted(Comparator.comparingInt(Entry::number).reversed())
        .flatMap(e -> program(e, source).stream())
        .findFirst();
  }

  /** PTX that the driver of a chip of this generation or a later one compiles. */
  public Optional<byte[]> ptx(CudaSource source, int major) {
    return of(source)
        .filter(e -> e.isPtxFor(major))
        .flatMap(e -> program(e, source).stream())
        .findFirst()
        // As the driver wants it: terminated.
        .map(bytes -> Arrays.copyOf(bytes, bytes.length + 1));
  }

  /** Why there is nothing for a chip, in one line. */
  public String missing(CudaSource source, int major, int minor) {
    var chip = "sm_" + major + minor;
    if (entries.isEmpty()) {
      return "no programs compiled ahead came along; gpu/cubins makes them";
    }
    var here = of(source).toList();
    var fitting = here.stream().filter(e -> e.runsOn(major, minor) || e.isPtxFor(major)).toList();
    if (fitting.isEmpty()) {
      return "compiled ahead: expected "
          + source.name()
          + " for "
          + chip
          + ", got "
          + here.stream().map(Entry::arch).collect(Collectors.joining(", "));
    }
    var stale = new ArrayList<String>();
    for (var e : fitting) {
      stale.add(e.file() + (e.key().equals(key(e.arch(), source)) ? " is damaged" : " is stale"));
    }
    return "compiled ahead: "
        + String.join(", ", stale)
        + "; make them from these sources with gpu/cubins";
  }

  private Stream<Entry> of(CudaSource source) {
    return entries.stream().filter(e -> e.source().equals(source.name()));
  }

  private Optional<byte[]> program(Entry e, CudaSource source) {
    return e.key().equals(key(e.arch(), source))
        ? files.apply(e.file()).filter(bytes -> hash(bytes).equals(e.hash()))
        : Optional.empty();
  }

  private static String hash(byte[] program) {
    return Sha256.hex(program);
  }
}
