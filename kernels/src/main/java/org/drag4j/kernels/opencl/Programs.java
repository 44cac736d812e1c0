package org.drag4j.kernels.opencl;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.drag4j.device.DeviceException;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_context;
import org.jocl.cl_device_id;
import org.jocl.cl_program;

/** The programs of an open device, from the cache or by the driver's compiler. */
final class Programs implements AutoCloseable {
  private static final String COMMON = "common";

  /** Sources that others need before them. */
  private static final Map<String, List<String>> SHARED =
      Map.of(
          "attention", List.of("multiply"),
          "winograd", List.of("multiply"),
          "layer_norm", List.of("total"),
          "group_norm", List.of("total"));

  private final DeviceInfo info;
  private final cl_context context;
  private final ProgramCache cache;
  private final Map<String, cl_program> built = new HashMap<>();

  Programs(DeviceInfo info, cl_context context, ProgramCache cache) {
    this.info = info;
    this.context = context;
    this.cache = cache;
  }

  /**
   * The program of a source file among the resources, for one way of writing kernels.
   *
   * @throws DeviceException with the compiler's log where it does not build
   */
  cl_program get(String file, Variant variant) {
    var key = file + "/" + variant.label();
    var have = built.get(key);
    if (have == null) {
      var source = new StringBuilder(info.extensions().prelude()).append(resource(COMMON));
      SHARED.getOrDefault(file, List.of()).forEach(f -> source.append(resource(f)));
      have = build(file + ".cl", source.append(resource(file)).toString(), variant);
      built.put(key, have);
    }
    return have;
  }

  private static String resource(String file) {
    try (var in = Programs.class.getResourceAsStream(file + ".cl")) {
      if (in == null) {
        throw new IllegalStateException(file + ".cl: expected among the resources, got none");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Builds a source, or takes what another process has built of the same. */
  cl_program build(String name, String source, Variant variant) {
    var options =
        info.extensions().options()
            + " -D W="
            + variant.width()
            + (info.correctDivision() ? " -cl-fp32-correctly-rounded-divide-sqrt" : "");
    var key = ProgramCache.key(source, options, info.compilerKey());
    var cached = cache.load(key).flatMap(this::ofBinary);
    if (cached.isPresent()) {
      return cached.get();
    }
    var program = CL.clCreateProgramWithSource(context, 1, new String[] {source}, null, null);
    try {
      CL.clBuildProgram(program, 1, new cl_device_id[] {info.id()}, options, null, null);
    } catch (CLException e) {
      var log = log(program);
      CL.clReleaseProgram(program);
      throw new DeviceException(
          info.name()
              + ": "
              + name
              + " ("
              + variant.label()
              + "): expected to build, got "
              + status(e)
              + "; update the driver or use --device cpu; the compiler says: "
              + log,
          e);
    }
    cache.store(key, binary(program));
    return program;
  }

  /** Empty where the driver does not take it, after an update for example. */
  private Optional<cl_program> ofBinary(byte[] binary) {
    cl_program program = null;
    try {
      var devices = new cl_device_id[] {info.id()};
      program =
          CL.clCreateProgramWithBinary(
              context,
              1,
              devices,
              new long[] {binary.length},
              new byte[][] {binary},
              new int[1],
              null);
      CL.clBuildProgram(program, 1, devices, null, null, null);
      return Optional.of(program);
    } catch (CLException _) {
      if (program != null) {
        CL.clReleaseProgram(program);
      }
      return Optional.empty();
    }
  }

  private static byte[] binary(cl_program program) {
    var size = new long[1];
    CL.clGetProgramInfo(program, CL.CL_PROGRAM_BINARY_SIZES, Sizeof.size_t, Pointer.to(size), null);
    var bytes = ByteBuffer.allocateDirect(Math.toIntExact(size[0]));
    CL.clGetProgramInfo(
        program, CL.CL_PROGRAM_BINARIES, Sizeof.POINTER, Pointer.to(Pointer.to(bytes)), null);
    var binary = new byte[bytes.capacity()];
    bytes.get(0, binary);
    return binary;
  }

  private String log(cl_program program) {
    try {
      var size = new long[1];
      CL.clGetProgramBuildInfo(program, info.id(), CL.CL_PROGRAM_BUILD_LOG, 0, null, size);
      var bytes = new byte[Math.toIntExact(size[0])];
      CL.clGetProgramBuildInfo(
          program, info.id(), CL.CL_PROGRAM_BUILD_LOG, bytes.length, Pointer.to(bytes), null);
      return new String(bytes, StandardCharsets.UTF_8).replace('\0', ' ').strip();
    } catch (CLException e) {
      return "no log (" + status(e) + ")";
    }
  }

  private static String status(CLException e) {
    return CL.stringFor_errorCode(e.getStatus());
  }

  @Override
  public void close() {
    built.values().forEach(p -> OpenClContext.quietly(() -> CL.clReleaseProgram(p)));
    built.clear();
  }
}
