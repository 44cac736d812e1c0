package org.drag4j.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.drag4j.device.DeviceException;

/** Compiles CUDA C++ in this process. */
public final class Nvrtc implements CudaCompiler {
  private static final int MAX_BYTES = 256 << 20;
  private static final int LOG_LINES = 40;

  private final String version;
  private final MethodHandle create;
  private final MethodHandle compile;
  private final MethodHandle destroy;
  private final MethodHandle errorString;
  private final Result log;
  private final Result cubin;
  private final Result ptx;

  /** A pair of functions that return bytes of a program. */
  private record Result(String name, MethodHandle size, MethodHandle get) {
    static Result of(SymbolLookup library, String name) {
      return new Result(
          name,
          Native.status(library, "nvrtcGet" + name + "Size", ADDRESS, ADDRESS),
          Native.status(library, "nvrtcGet" + name, ADDRESS, ADDRESS));
    }
  }

  private Nvrtc(LibraryProbe.Loaded library) {
    var symbols = library.symbols();
    version = library.version();
    create =
        Native.status(
            symbols, "nvrtcCreateProgram", ADDRESS, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS);
    compile = Native.status(symbols, "nvrtcCompileProgram", ADDRESS, JAVA_INT, ADDRESS);
    destroy = Native.status(symbols, "nvrtcDestroyProgram", ADDRESS);
    errorString =
        Native.function(symbols, "nvrtcGetErrorString", FunctionDescriptor.of(ADDRESS, JAVA_INT));
    log = Result.of(symbols, "ProgramLog");
    cubin = Result.of(symbols, "CUBIN");
    ptx = Result.of(symbols, "PTX");
  }

  /** The compiler of the given library; needs no device. */
  public static Nvrtc open(LibraryProbe.Loaded library) {
    return new Nvrtc(library);
  }

  @Override
  public String version() {
    return "nvrtc " + version;
  }

  @Override
  public byte[] compile(CudaSource source, List<String> options, String arch) {
    try (var arena = Arena.ofConfined()) {
      var handle = arena.allocate(ADDRESS);
      var headers = new ArrayList<>(source.headers().entrySet());
      check(
          Native.call(
              create,
              handle,
              arena.allocateFrom(source.text()),
              arena.allocateFrom(source.name()),
              headers.size(),
              strings(arena, headers.stream().map(e -> e.getValue()).toList()),
              strings(arena, headers.stream().map(e -> e.getKey()).toList())),
          source.name());
      try {
        var program = handle.get(ADDRESS, 0);
        var all = new ArrayList<>(options);
        all.add("--gpu-architecture=" + arch);
        int status = Native.call(compile, program, all.size(), strings(arena, all));
        if (status != 0) {
          throw new DeviceException(
              source.name()
                  + ": nvrtc for "
                  + arch
                  + ": "
                  + name(status)
                  + "\n"
                  + log(arena, program));
        }
        return bytes(arena, program, arch.startsWith("compute_") ? ptx : cubin);
      } finally {
        Native.call(destroy, handle);
      }
    }
  }

  private static MemorySegment strings(Arena arena, List<String> texts) {
    if (texts.isEmpty()) {
      return MemorySegment.NULL;
    }
    var array = arena.allocate(ADDRESS, texts.size());
    for (int i = 0; i < texts.size(); i++) {
      array.setAtIndex(ADDRESS, i, arena.allocateFrom(texts.get(i)));
    }
    return array;
  }

  private byte[] bytes(Arena arena, MemorySegment program, Result result) {
    var size = arena.allocate(JAVA_LONG);
    check(Native.call(result.size(), program, size), result.name());
    long count = size.get(JAVA_LONG, 0);
    if (count < 1 || count > MAX_BYTES) {
      throw new DeviceException(
          "nvrtc: " + result.name() + ": expected 1 to " + MAX_BYTES + " bytes, got " + count);
    }
    var into = arena.allocate(count, 8);
    check(Native.call(result.get(), program, into), result.name());
    return into.toArray(JAVA_BYTE);
  }

  private String log(Arena arena, MemorySegment program) {
    var bytes = bytes(arena, program, log);
    var lines = new String(bytes, 0, bytes.length - 1, StandardCharsets.UTF_8).lines().toList();
    return String.join("\n", lines.subList(0, Math.min(LOG_LINES, lines.size())));
  }

  private void check(int status, String what) {
    if (status != 0) {
      throw new DeviceException("nvrtc: " + what + ": " + name(status));
    }
  }

  private String name(int status) {
    return Native.text((MemorySegment) Native.result(errorString, status), 256);
  }
}
