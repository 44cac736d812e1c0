package org.drag4j.kernels.opencl;

import java.io.IOException;
import java.lang.reflect.Field;
import java.net.URISyntaxException;
import java.nio.Buffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceException;
import org.drag4j.tensor.DType;
import org.jocl.CL;
import org.jocl.NativePointerObject;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_command_queue;
import org.jocl.cl_event;
import org.jocl.cl_kernel;
import org.jocl.cl_program;
import org.jspecify.annotations.Nullable;

/**
 * An OpenCL device on which no kernel runs; it remembers which were called, and of each argument
 * whether it was ever another one. Kernels are named with their family, since both families build
 * the same sources.
 */
public final class RecordedOpenCl implements Driver {
  private static final Pattern KERNEL = Pattern.compile("(?m)^ *kernel ");

  /** Sources that only one family builds. */
  private static final Set<String> IN_PANELS = Set.of("pad", "winograd");

  /** Bytes of a GPU's group, and of a processor's. */
  private static final int LOCAL_OF_GPU = 64 << 10;

  private static final int LOCAL_OF_CPU = 512 << 10;
  private static final int UNITS = 4;

  /** Of every argument two values at most: more need not be known. */
  private final Map<String, Map<String, Set<Object>>> seen = new TreeMap<>();

  private final IdentityHashMap<cl_kernel, String> names = new IdentityHashMap<>();
  private final Map<String, List<String>> arguments = new TreeMap<>();
  private final IdentityHashMap<NativePointerObject, String> buffers = new IdentityHashMap<>();
  private final IdentityHashMap<cl_kernel, Map<Integer, Object>> set = new IdentityHashMap<>();

  /**
   * A device of this machine, of which the numbers that kernels are chosen and cut by are always
   * the same; without one the test is skipped.
   *
   * @param cpu whether it says that it is a processor, for which other kernels are chosen
   */
  public Backend open(DType activations, boolean cpu) {
    var found = OpenClFailureTest.firstDevice();
    var info =
        new DeviceInfo(
            found.name(),
            found.platformId(),
            found.id(),
            found.platform(),
            found.platformVersion(),
            found.model(),
            found.version(),
            found.driver(),
            found.memory(),
            found.largestBuffer(),
            cpu ? LOCAL_OF_CPU : LOCAL_OF_GPU,
            UNITS,
            cpu,
            found.sharesMemory(),
            found.available(),
            found.correctDivision(),
            new Extensions(true, false, Extensions.NONE.options() + " -cl-kernel-arg-info", ""));
    var backend = OpenClBackend.open(info, activations, ProgramCache.none(), this);
    for (var variant : Variant.values()) {
      for (var source : sources()) {
        if (variant == Variant.TILE && IN_PANELS.contains(source)) {
          continue;
        }
        for (var name : kernels(backend.context(), source, variant)) {
          var kernel = backend.context().kernel(source, variant, name);
          names.put(kernel, variant.label() + "/" + name);
          arguments.put(variant.label() + "/" + name, arguments(kernel));
        }
      }
    }
    return backend;
  }

  /** All that have kernels; the others are put before them. */
  private static List<String> sources() {
    var folder = new TreeSet<String>();
    try {
      var common = Objects.requireNonNull(Programs.class.getResource("common.cl")).toURI();
      if (common.getScheme().equals("jar")) {
        try (var jar = FileSystems.newFileSystem(common, Map.of())) {
          sources(jar.provider().getPath(common), folder);
        }
      } else {
        sources(Path.of(common), folder);
      }
    } catch (IOException | URISyntaxException e) {
      throw new IllegalStateException("sources of OpenCL kernels: expected to be listed", e);
    }
    return List.copyOf(folder);
  }

  private static void sources(Path beside, Set<String> to) throws IOException {
    try (var all = Files.list(beside.resolveSibling("."))) {
      for (var file : all.filter(f -> f.toString().endsWith(".cl")).toList()) {
        if (KERNEL.matcher(Files.readString(file)).find()) {
          to.add(file.getFileName().toString().replaceFirst("\\.cl$", ""));
        }
      }
    }
  }

  /** PoCL 3.1 now and then fails to rename a temporary file of its own: then it is asked again. */
  private static cl_program built(OpenClContext context, String source, Variant variant) {
    try {
      return context.programs().get(source, variant);
    } catch (DeviceException e) {
      if (!String.valueOf(e.getMessage()).contains("unable to rename temporary")) {
        throw e;
      }
      return context.programs().get(source, variant);
    }
  }

  private static List<String> kernels(OpenClContext context, String source, Variant variant) {
    var text = new byte[4096];
    CL.clGetProgramInfo(
        built(context, source, variant),
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
  private Object snapshot(long bytes, @Nullable Pointer value) {
    if (value == null) {
      return "nothing of " + bytes;
    }
    return switch (field("buffer", value)) {
      case IntBuffer b -> b.get(0);
      case LongBuffer b -> b.get(0);
      case FloatBuffer b -> b.get(0);
      case Buffer b -> throw new IllegalStateException("argument: " + b);
      case Object _ -> {
        // No address: the next buffer may get that of one that was freed.
        var buffer = ((NativePointerObject[]) field("pointers", value))[0];
        yield buffers.computeIfAbsent(buffer, _ -> "buffer " + buffers.size());
      }
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
