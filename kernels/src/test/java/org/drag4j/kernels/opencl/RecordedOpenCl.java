package org.drag4j.kernels.opencl;

import java.lang.reflect.Field;
import java.nio.Buffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.drag4j.device.Backend;
import org.drag4j.tensor.DType;
import org.jocl.CL;
import org.jocl.NativePointerObject;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_command_queue;
import org.jocl.cl_event;
import org.jocl.cl_kernel;
import org.jspecify.annotations.Nullable;

/**
 * An OpenCL device on which no kernel runs; it remembers which were called, and of each argument
 * whether it was ever another one. Kernels are named with their family, since both families build
 * the same sources.
 */
public final class RecordedOpenCl implements Driver {
  private static final List<String> SOURCES =
      List.of(
          "attention",
          "binary",
          "concat",
          "embedding",
          "geglu",
          "group_norm",
          "layer_norm",
          "pack",
          "pad",
          "product",
          "timestep_embedding",
          "unary",
          "upsample",
          "winograd");

  /** Of every argument two values at most: more need not be known. */
  private final Map<String, Map<String, Set<Object>>> seen = new TreeMap<>();

  private final Map<cl_kernel, String> names = new IdentityHashMap<>();
  private final Map<String, List<String>> arguments = new TreeMap<>();
  private final Map<cl_kernel, Map<Integer, Object>> set = new IdentityHashMap<>();

  /** A device of this machine; without one the test is skipped. */
  public Backend open(DType activations) {
    var found = OpenClFailureTest.firstDevice();
    var own = found.extensions();
    // So that the driver can say what arguments are called.
    var options = own.options() + " -cl-kernel-arg-info";
    var info =
        found.withExtensions(
            new Extensions(own.half(), own.subGroups(), options, own.prelude()));
    var backend = OpenClBackend.open(info, activations, ProgramCache.none(), this);
    for (var variant : Variant.values()) {
      for (var source : SOURCES) {
        for (var name : kernels(backend.context(), source, variant)) {
          var kernel = backend.context().kernel(source, variant, name);
          names.put(kernel, variant.label() + "/" + name);
          arguments.put(variant.label() + "/" + name, arguments(kernel));
        }
      }
    }
    return backend;
  }

  private static List<String> kernels(OpenClContext context, String source, Variant variant) {
    var text = new byte[4096];
    CL.clGetProgramInfo(
        context.programs().get(source, variant),
        CL.CL_PROGRAM_KERNEL_NAMES,
        text.length,
        Pointer.to(text),
        null);
    return List.of(string(text).split(";", -1)).stream().filter(n -> !n.isEmpty()).toList();
  }

  private static List<String> arguments(cl_kernel kernel) {
    var count = new int[1];
    CL.clGetKernelInfo(kernel, CL.CL_KERNEL_NUM_ARGS, Sizeof.cl_uint, Pointer.to(count), null);
    var all = new ArrayList<String>();
    for (int i = 0; i < count[0]; i++) {
      var text = new byte[256];
      CL.clGetKernelArgInfo(kernel, i, CL.CL_KERNEL_ARG_NAME, text.length, Pointer.to(text), null);
      all.add(string(text));
    }
    return all;
  }

  private static String string(byte[] text) {
    return new String(text, StandardCharsets.US_ASCII).split("\0", -1)[0];
  }

  @Override
  public void setArgument(cl_kernel kernel, int index, long bytes, @Nullable Pointer value) {
    set.computeIfAbsent(kernel, _ -> new HashMap<>()).put(index, snapshot(bytes, value));
  }

  /** What a pointer leads to now: a number, or a buffer of the device. */
  private static Object snapshot(long bytes, @Nullable Pointer value) {
    if (value == null) {
      return "nothing of " + bytes;
    }
    return switch (field("buffer", value)) {
      case IntBuffer b -> b.get(0);
      case LongBuffer b -> b.get(0);
      case FloatBuffer b -> b.get(0);
      case Buffer b -> throw new IllegalStateException("argument: " + b);
      case Object _ -> ((NativePointerObject[]) field("pointers", value))[0];
    };
  }

  private static Object field(String name, Pointer of) {
    try {
      Field field = NativePointerObject.class.getDeclaredField(name);
      field.setAccessible(true);
      var value = field.get(of);
      return value == null ? "none" : value;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void enqueue(
      cl_command_queue queue,
      cl_kernel kernel,
      long[] global,
      long[] local,
      @Nullable cl_event event) {
    var name = names.getOrDefault(kernel, "");
    var paths = arguments.getOrDefault(name, List.of());
    var values = seen.computeIfAbsent(name, _ -> new HashMap<>());
    set.getOrDefault(kernel, Map.of())
        .forEach((i, value) -> {
          var two = values.computeIfAbsent(paths.get(i), _ -> new HashSet<>());
          if (two.size() < 2) {
            two.add(value);
          }
        });
  }

  /** Kernels that were never called, and arguments that always were the same. */
  public Set<String> unreached() {
    var all = new TreeSet<String>();
    arguments.forEach((name, paths) -> {
      var values = seen.get(name);
      if (values == null) {
        all.add(name);
        return;
      }
      for (var path : paths) {
        if (values.getOrDefault(path, Set.of()).size() < 2) {
          all.add(name + "." + path);
        }
      }
    });
    return all;
  }
}
