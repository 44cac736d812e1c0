package org.drag4j.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.drag4j.device.DeviceException;

/**
 * Finds and loads NVIDIA's libraries: first in {@code DRAG4J_CUDA_LIBS}, then in toolkits, the
 * loader's path, Python packages and the system's folders. What a library needs from its own folder
 * is loaded before it, so that no environment variable of the dynamic loader matters.
 */
public final class CudaLibraries {
  /** Folders, separated as in {@code PATH}, that are looked into before all others. */
  public static final String VARIABLE = "DRAG4J_CUDA_LIBS";

  private static final List<String> SYSTEM =
      List.of(
          "usr/lib/x86_64-linux-gnu",
          "usr/lib64",
          "usr/lib/wsl/lib",
          "usr/local/nvidia/lib64",
          "usr/local/lib",
          "usr/lib");

  private static final List<String> CUDNN_PARTS =
      List.of(
          "graph",
          "ops",
          "cnn",
          "adv",
          "heuristic",
          "engines_precompiled",
          "engines_runtime_compiled",
          "engines_tensor_ir",
          "ext");

  /** A file that may be the library. */
  record Candidate(CudaLibrary.Soname soname, Path path) {}

  private static final class Machine {
    static final CudaLibraries INSTANCE = of(System.getenv(), Path.of("/"));
  }

  private final Map<String, String> environment;
  private final Path root;
  private final Map<CudaLibrary, LibraryProbe> probed = new EnumMap<>(CudaLibrary.class);
  private final List<Path> folders;

  private CudaLibraries(Map<String, String> environment, Path root) {
    this.environment = environment;
    this.root = root;
    folders = List.copyOf(search());
  }

  /** The libraries of this machine; loaded once a process. */
  public static CudaLibraries ofThisMachine() {
    return Machine.INSTANCE;
  }

  /**
   * The libraries that these variables lead to, absolute folders being taken below {@code root}.
   */
  static CudaLibraries of(Map<String, String> environment, Path root) {
    return new CudaLibraries(Map.copyOf(environment), root);
  }

  /** Loads a library, or says why it cannot be had; later calls answer the same. */
  public synchronized LibraryProbe find(CudaLibrary library) {
    var known = probed.get(library);
    if (known == null) {
      known = probe(library);
      probed.put(library, known);
    }
    return known;
  }

  /**
   * A library that must be there.
   *
   * @throws DeviceException where it is not
   */
  public LibraryProbe.Loaded require(CudaLibrary library) {
    return switch (find(library)) {
      case LibraryProbe.Loaded loaded -> loaded;
      case LibraryProbe.Missing(var _, var reason) ->
          throw new DeviceException(library.label() + ": " + reason + "; " + library.hint());
    };
  }

  /** Folders looked into, in order. */
  List<Path> folders() {
    return folders;
  }

  /** Files that may be the library, the preferred one first; none newer than the driver. */
  List<Candidate> candidates(CudaLibrary library) {
    int newest = library == CudaLibrary.DRIVER ? Integer.MAX_VALUE : driverMajor();
    var found = new ArrayList<Candidate>();
    for (var folder : folders) {
      for (var soname : library.sonames()) {
        var path = folder.resolve(soname.name());
        if (soname.cuda() <= newest && Files.isRegularFile(path)) {
          found.add(new Candidate(soname, path));
        }
      }
    }
    return found;
  }

  /** CUDA release of the driver; where there is none anything may be tried. */
  private int driverMajor() {
    return find(CudaLibrary.DRIVER) instanceof LibraryProbe.Loaded loaded
        ? Integer.parseInt(loaded.version().substring(0, loaded.version().indexOf('.')))
        : Integer.MAX_VALUE;
  }

  private LibraryProbe probe(CudaLibrary library) {
    String failure = "";
    for (var candidate : candidates(library)) {
      try {
        return load(library, candidate);
      } catch (DeviceException e) {
        failure = failure.isEmpty() ? String.valueOf(e.getMessage()) : failure;
      }
    }
    for (var soname : library.sonames()) {
      // The loader knows folders that we do not: ld.so.conf, or a library loaded before.
      if (root.getNameCount() == 0) {
        try {
          var symbols = Native.library(soname.name());
          return loaded(library, soname.name(), mapped(soname.name()), symbols);
        } catch (IllegalArgumentException | DeviceException _) {
          // Said below, with every other name.
        }
      }
    }
    var names = library.sonames().stream().map(CudaLibrary.Soname::name).toList();
    return new LibraryProbe.Missing(
        library, failure.isEmpty() ? String.join(" and ", names) + " not found" : failure);
  }

  private LibraryProbe load(CudaLibrary library, Candidate candidate) {
    preload(library, candidate);
    return loaded(library, candidate.soname().name(), candidate.path(), open(candidate.path()));
  }

  /** Loads what the library would look for by itself and not find outside the loader's path. */
  private void preload(CudaLibrary library, Candidate candidate) {
    var folder = folderOf(candidate.path());
    switch (library) {
      case NVRTC ->
          beside(folder, "libnvrtc-builtins.so." + candidate.soname().cuda() + ".")
              .forEach(CudaLibraries::tryOpen);
      case CUBLAS ->
          tryOpen(folder.resolve(candidate.soname().name().replace("cublas", "cublasLt")));
      case CUDNN -> {
        find(CudaLibrary.CUBLASLT);
        find(CudaLibrary.NVRTC);
        parts(candidate);
      }
      case DRIVER, CUBLASLT, NVTX -> {}
    }
  }

  /** cuDNN 9 ends the process where it cannot load its own parts, so they are loaded here first. */
  private static void parts(Candidate candidate) {
    var name = candidate.soname().name();
    if (!name.endsWith(".9")) {
      return;
    }
    var waiting = new ArrayList<Path>();
    for (var part : CUDNN_PARTS) {
      var path = folderOf(candidate.path()).resolve(name.replace(".so", "_" + part + ".so"));
      if (Files.isRegularFile(path)) {
        waiting.add(path);
      } else if (part.equals("graph")) {
        throw new DeviceException(
            candidate.path() + ": expected " + path.getFileName() + " beside it, got none");
      }
    }
    // They need each other in an order that changes between releases.
    while (waiting.removeIf(CudaLibraries::tryOpen)) {}
  }

  private static Path folderOf(Path file) {
    var folder = file.getParent();
    return folder == null ? Path.of("/") : folder;
  }

  private static boolean tryOpen(Path path) {
    try {
      open(path);
      return true;
    } catch (DeviceException _) {
      return false; // The library that needs it fails in turn, and says so.
    }
  }

  private static SymbolLookup open(Path path) {
    try {
      return Native.library(path);
    } catch (IllegalArgumentException e) {
      throw new DeviceException(
          path + ": expected a library that loads, got one that does not (see ldd)", e);
    }
  }

  private static LibraryProbe loaded(
      CudaLibrary library, String soname, Path path, SymbolLookup symbols) {
    return new LibraryProbe.Loaded(
        library, soname, path, version(library, soname, symbols), symbols);
  }

  private static String version(CudaLibrary library, String soname, SymbolLookup symbols) {
    try (var arena = Arena.ofConfined()) {
      var out = arena.allocate(JAVA_INT, 2);
      return switch (library) {
        case DRIVER -> {
          Native.call(Native.status(symbols, "cuDriverGetVersion", ADDRESS), out);
          int v = out.get(JAVA_INT, 0);
          yield v / 1000 + "." + v % 1000 / 10;
        }
        case NVRTC -> {
          Native.call(
              Native.status(symbols, "nvrtcVersion", ADDRESS, ADDRESS), out, out.asSlice(4));
          yield out.get(JAVA_INT, 0) + "." + out.get(JAVA_INT, 4);
        }
        case CUBLASLT -> properties(symbols, "cublasLtGetProperty");
        case CUBLAS -> properties(symbols, "cublasGetProperty");
        case CUDNN -> properties(symbols, "cudnnGetProperty");
        case NVTX -> soname.substring(soname.lastIndexOf('.') + 1);
      };
    }
  }

  /** Major, minor and patch as NVIDIA's {@code libraryPropertyType} numbers them. */
  private static String properties(SymbolLookup symbols, String function) {
    try (var arena = Arena.ofConfined()) {
      var out = arena.allocate(JAVA_INT);
      var get = Native.status(symbols, function, JAVA_INT, ADDRESS);
      var parts = new ArrayList<String>();
      for (int property = 0; property < 3; property++) {
        Native.call(get, property, out);
        parts.add(Integer.toString(out.get(JAVA_INT, 0)));
      }
      return String.join(".", parts);
    }
  }

  /** Where the loader found a library, as the kernel lists this process's mappings. */
  private static Path mapped(String soname) {
    try (var lines = Files.lines(Path.of("/proc/self/maps"), StandardCharsets.ISO_8859_1)) {
      var stem = "/" + soname;
      return lines
          .filter(line -> line.contains(stem))
          .map(line -> Path.of(line.substring(line.indexOf('/'))))
          .findFirst()
          .orElse(Path.of(soname));
    } catch (IOException | InvalidPathException _) {
      return Path.of(soname);
    }
  }

  private SequencedSet<Path> search() {
    var all = new LinkedHashSet<Path>();
    for (var named : named(VARIABLE)) {
      all.add(named);
      toolkit(named, all);
      python(named, all);
    }
    for (var variable : List.of("CUDA_PATH", "CUDA_HOME")) {
      named(variable).forEach(folder -> toolkit(folder, all));
    }
    toolkit(root.resolve("usr/local/cuda"), all);
    newestFirst(root.resolve("usr/local"), "cuda-").forEach(folder -> toolkit(folder, all));
    toolkit(root.resolve("opt/cuda"), all);
    all.addAll(named("LD_LIBRARY_PATH"));
    var homes = new ArrayList<Path>();
    for (var variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      homes.addAll(named(variable));
    }
    // A Python found by its name alone, as in an environment that nobody has activated.
    named("PATH").stream()
        .filter(folder -> folder.endsWith("bin") && Files.isExecutable(folder.resolve("python3")))
        .forEach(folder -> homes.add(folderOf(folder)));
    for (var home : named("HOME")) {
      homes.add(home.resolve(".local"));
      homes.addAll(newestFirst(home.resolve(".pyenv/versions"), ""));
    }
    homes.addAll(
        List.of(root.resolve("usr/local"), root.resolve("usr"), root.resolve("opt/conda")));
    for (var home : homes) {
      for (var python : newestFirst(home.resolve("lib"), "python3")) {
        python(python.resolve("site-packages"), all);
        python(python.resolve("dist-packages"), all);
      }
    }
    SYSTEM.forEach(folder -> all.add(root.resolve(folder)));
    all.removeIf(folder -> !Files.isDirectory(folder));
    return all;
  }

  private static void toolkit(Path folder, SequencedSet<Path> all) {
    all.add(folder.resolve("lib64"));
    all.add(folder.resolve("targets/x86_64-linux/lib"));
    all.add(folder.resolve("lib"));
  }

  /** Python's packages of NVIDIA's libraries: {@code nvidia/cudnn/lib}, {@code nvidia/cu13/lib}. */
  private static void python(Path packages, SequencedSet<Path> all) {
    for (var part : newestFirst(packages.resolve("nvidia"), "")) {
      all.add(part.resolve("lib"));
    }
  }

  private List<Path> named(String variable) {
    var value = environment.getOrDefault(variable, "");
    return Stream.of(value.split(File.pathSeparator, -1))
        .filter(s -> !s.isBlank())
        .flatMap(CudaLibraries::path)
        .toList();
  }

  private static Stream<Path> path(String text) {
    try {
      return Stream.of(Path.of(text).toAbsolutePath().normalize());
    } catch (InvalidPathException _) {
      return Stream.empty(); // Not a folder that could hold anything.
    }
  }

  /** Folders whose names start so; the highest version first, 13.10 before 13.9. */
  private static List<Path> newestFirst(Path folder, String start) {
    return listed(folder, start)
        .sorted(Comparator.comparing(CudaLibraries::padded, Collections.reverseOrder()))
        .filter(Files::isDirectory)
        .toList();
  }

  /** Files whose names start so. */
  private static Stream<Path> beside(Path folder, String start) {
    return listed(folder, start).filter(Files::isRegularFile);
  }

  private static Stream<Path> listed(Path folder, String start) {
    var found = new ArrayList<Path>();
    try (var entries = Files.newDirectoryStream(folder, start + "*")) {
      entries.forEach(found::add);
    } catch (IOException | DirectoryIteratorException _) {
      // A folder that is not there or not ours to read holds nothing for us.
    }
    return found.stream();
  }

  private static String padded(Path path) {
    return Pattern.compile("\\d+")
        .matcher(String.valueOf(path.getFileName()))
        .replaceAll(m -> "0".repeat(Math.max(0, 6 - m.group().length())) + m.group());
  }
}
