package org.drag4j.kernels.cuda.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.drag4j.kernels.cuda.driver.KernelCall;
import org.junit.jupiter.api.Assumptions;

/**
 * The kernels' own sources on the CPU, each thread of a block a fiber: {@code shim.h} says what it
 * checks. A library a source, built with g++ when it is first needed.
 */
public final class Shim implements Machine {
  private static final Shim ORIGINAL = new Shim(Map.of());

  /** The GPU that the system property {@code drag4j.test.device} asks for, if it does. */
  private static final Optional<Machine> CARD =
      Optional.of(System.getProperty("drag4j.test.device", ""))
          .filter(device -> device.startsWith("cuda:"))
          .map(Card::open);

  private static final int MESSAGE_BYTES = 512;

  private final Map<String, UnaryOperator<String>> changes;
  private final Map<String, Library> libraries = new HashMap<>();

  private Shim(Map<String, UnaryOperator<String>> changes) {
    this.changes = changes;
  }

  /**
   * The kernels as they are, on the GPU that was asked for if one was; without, the calling test is
   * skipped where there is no g++.
   */
  public static Shim original() {
    if (CARD.isEmpty()) {
      requireCompiler();
    }
    return ORIGINAL;
  }

  /** The kernels with {@code from}, which must occur once in {@code file}, replaced. */
  static Shim damaged(String file, String from, String to) {
    requireCompiler();
    return new Shim(
        Map.of(
            file,
            text -> {
              int at = text.indexOf(from);
              if (at < 0 || text.indexOf(from, at + 1) >= 0) {
                throw new IllegalStateException(
                    file + ": expected this once: " + from + "; adapt the fault to the source");
              }
              return text.replace(from, to);
            }));
  }

  private static void requireCompiler() {
    Assumptions.assumeTrue(
        Tool.find("g++").isPresent(), "no g++ on the PATH: CUDA kernels are not run on the CPU");
  }

  @Override
  public <A extends Record> void run(CudaKernel<A> kernel, A args, Buffer... buffers) {
    if (CARD.isPresent() && changes.isEmpty()) {
      CARD.get().run(kernel, args, buffers);
    } else {
      run(kernel, args, 1, buffers);
    }
  }

  /** As {@link #run(CudaKernel, Record, Buffer...)}, with warps in the order of {@code seed}. */
  <A extends Record> void run(CudaKernel<A> kernel, A args, long seed, Buffer... buffers) {
    try (var arena = Arena.ofConfined()) {
      var bytes = arena.allocate(kernel.arguments().size(), 8);
      kernel.arguments().write(args, bytes);
      var ranges = arena.allocate(24L * Math.max(1, buffers.length), 8);
      for (int i = 0; i < buffers.length; i++) {
        ranges.set(JAVA_LONG, 24L * i, buffers[i].address());
        ranges.set(JAVA_LONG, 24L * i + 8, buffers[i].memory().byteSize());
        ranges.set(JAVA_LONG, 24L * i + 16, buffers[i].writable() ? 1 : 0);
      }
      library(kernel)
          .launch(
              arena.allocateFrom(kernel.name()),
              bytes,
              kernel.grid(args),
              kernel.threads(),
              kernel.sharedBytes(args),
              ranges,
              buffers.length,
              seed,
              arena.allocate(MESSAGE_BYTES));
    }
  }

  /**
   * Runs a kernel with the bytes of its argument.
   *
   * @param memory all that it may read and write
   */
  public void run(
      CudaKernel<?> kernel,
      KernelCall.Shape shape,
      MemorySegment bytes,
      List<MemorySegment> memory) {
    try (var arena = Arena.ofConfined()) {
      var ranges = arena.allocate(24L * Math.max(1, memory.size()), 8);
      for (int i = 0; i < memory.size(); i++) {
        ranges.set(JAVA_LONG, 24L * i, memory.get(i).address());
        ranges.set(JAVA_LONG, 24L * i + 8, memory.get(i).byteSize());
        ranges.set(JAVA_LONG, 24L * i + 16, 1);
      }
      library(kernel)
          .launch(
              arena.allocateFrom(kernel.name()),
              bytes,
              new Grid(shape.gridX(), shape.gridY(), shape.gridZ()),
              shape.blockX(),
              shape.sharedBytes(),
              ranges,
              memory.size(),
              1,
              arena.allocate(MESSAGE_BYTES));
    }
  }

  /** Where g++ puts a field of a struct in {@code file}, how large it is, and 1 for a float. */
  List<Long> field(String file, int number) {
    return library(file).field(number);
  }

  /** Structs of a source and the paths of their fields, in the order of {@link #field}. */
  static List<String> fields(String file) {
    return layouts(file).values().stream()
        .flatMap(a -> a.paths().map(p -> a.type().getSimpleName() + "." + p))
        .toList();
  }

  /** The structs kernels of a source take, by name. */
  static Map<String, ArgumentLayout<?>> layouts(String file) {
    return CudaKernels.all().stream()
        .filter(k -> k.file().equals(file))
        .map(CudaKernel::arguments)
        .collect(
            Collectors.toMap(a -> a.type().getSimpleName(), a -> a, (a, _) -> a, TreeMap::new));
  }

  private Library library(String file) {
    return libraries.computeIfAbsent(file, _ -> build(file, List.of(), text -> text));
  }

  /** A damaged source is built for the one kernel that is run, which is all it costs. */
  private Library library(CudaKernel<?> kernel) {
    var change = changes.get(kernel.file());
    return change == null
        ? ORIGINAL.library(kernel.file())
        : libraries.computeIfAbsent(
            kernel.name(), name -> build(kernel.file(), List.of(name), change));
  }

  /** A library of these kernels of a source, all where none is named. */
  private static Library build(String file, List<String> names, UnaryOperator<String> change) {
    try {
      var folder = Files.createTempDirectory("drag4j-shim");
      try {
        var text = CudaKernels.source(file);
        Files.writeString(folder.resolve("kernels.cpp"), change.apply(text) + tables(file, names));
        Files.writeString(folder.resolve("shim.h"), resource("shim.h"));
        var library = folder.resolve("kernels.so");
        Tool.run(
            "g++",
            "-std=c++17",
            "-O1",
            "-fPIC",
            "-shared",
            "-Wall",
            "-Wno-unknown-pragmas",
            "-Wno-invalid-offsetof",
            "-Wno-unused",
            "-DDRAG4J_SHIM=\"" + folder.resolve("shim.h") + "\"",
            "-o",
            library.toString(),
            folder.resolve("kernels.cpp").toString());
        return new Library(library);
      } finally {
        // What is loaded stays; the files are not needed any more.
        try (var files = Files.list(folder)) {
          for (var f : files.toList()) {
            Files.delete(f);
          }
        }
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The source's kernels by name, and where g++ puts the fields of their arguments. */
  private static String tables(String file, List<String> names) {
    var text = new StringBuilder("\n#include <type_traits>\nconst ShimKernel shim_kernels[] = {\n");
    var kernels =
        CudaKernels.all().stream()
            .filter(k -> k.file().equals(file))
            .filter(k -> names.isEmpty() || names.contains(k.name()))
            .toList();
    for (var k : kernels) {
      var type = k.arguments().type().getSimpleName();
      text.append(
          "{\"%s\", [](const void* p) { %s(*(const %s*)p); }},\n"
              .formatted(k.name(), k.name(), type));
    }
    text.append("};\nconst int shim_kernel_count = ").append(kernels.size()).append(";\n");
    text.append("extern \"C\" void shim_field(int i, i64* out) {\n");
    text.append("static const i64 fields[][3] = {\n");
    for (var path : fields(file)) {
      int dot = path.indexOf('.');
      var type = path.substring(0, dot);
      var field = path.substring(dot + 1);
      text.append(
          "{__builtin_offsetof(%1$s, %2$s), sizeof(((%1$s*)0)->%2$s), std::is_floating_point<decltype(((%1$s*)0)->%2$s)>::value},\n"
              .formatted(type, field));
    }
    text.append("};\nfor (int k = 0; k < 3; k++) out[k] = fields[i][k];\n}\n");
    text.append("extern \"C\" i64 shim_size(int i) {\nstatic const i64 sizes[] = {");
    layouts(file).keySet().forEach(type -> text.append("sizeof(").append(type).append("), "));
    return text.append("};\nreturn sizes[i];\n}\n").toString();
  }

  static String resource(String name) {
    try (var in = Shim.class.getResourceAsStream("/org/drag4j/kernels/cuda/" + name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What g++ says a struct's size is. */
  long structSize(String file, int number) {
    return library(file).size(number);
  }

  /** A library that is loaded for good. */
  @SuppressWarnings("restricted")
  private static final class Library {
    private final MethodHandle launch;
    private final MethodHandle field;
    private final MethodHandle size;

    Library(Path file) {
      var symbols = SymbolLookup.libraryLookup(file, Arena.global());
      launch =
          handle(
              symbols,
              "shim_launch",
              FunctionDescriptor.of(
                  JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT,
                  ADDRESS, JAVA_INT, JAVA_LONG, ADDRESS, JAVA_INT));
      field = handle(symbols, "shim_field", FunctionDescriptor.ofVoid(JAVA_INT, ADDRESS));
      size = handle(symbols, "shim_size", FunctionDescriptor.of(JAVA_LONG, JAVA_INT));
    }

    private static MethodHandle handle(SymbolLookup symbols, String name, FunctionDescriptor type) {
      return Linker.nativeLinker().downcallHandle(symbols.findOrThrow(name), type);
    }

    void launch(
        MemorySegment name,
        MemorySegment args,
        Grid grid,
        int threads,
        int shared,
        MemorySegment ranges,
        int count,
        long seed,
        MemorySegment message) {
      int failed;
      try {
        failed =
            (int)
                launch.invokeExact(
                    name,
                    args,
                    grid.x(),
                    grid.y(),
                    grid.z(),
                    threads,
                    shared,
                    ranges,
                    count,
                    seed,
                    message,
                    MESSAGE_BYTES);
      } catch (Throwable e) {
        throw new LinkageError("shim_launch", e);
      }
      if (failed != 0) {
        throw new FaultException(name.getString(0) + ": " + message.getString(0));
      }
    }

    List<Long> field(int i) {
      try (var arena = Arena.ofConfined()) {
        var out = arena.allocate(24, 8);
        field.invokeExact(i, out);
        return List.of(out.get(JAVA_LONG, 0), out.get(JAVA_LONG, 8), out.get(JAVA_LONG, 16));
      } catch (Throwable e) {
        throw new LinkageError("shim_field", e);
      }
    }

    long size(int i) {
      try {
        return (long) size.invokeExact(i);
      } catch (Throwable e) {
        throw new LinkageError("shim_size", e);
      }
    }
  }
}
