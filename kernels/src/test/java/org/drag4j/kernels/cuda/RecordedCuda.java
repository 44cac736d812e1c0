package org.drag4j.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.kernels.cuda.driver.ConvolutionSpec;
import org.drag4j.kernels.cuda.driver.CudaDriver;
import org.drag4j.kernels.cuda.driver.KernelCall;
import org.drag4j.kernels.cuda.driver.Library;
import org.drag4j.kernels.cuda.driver.MatmulSpec;
import org.drag4j.kernels.cuda.driver.Offer;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * A CUDA device that has no memory and runs nothing, so that full-size networks take no time; it
 * remembers which kernels were launched, and of each argument whether it was ever another one.
 */
public final class RecordedCuda {
  private static final long CAPACITY = 1L << 40;
  private static final int STAGING = 1 << 20;

  /** Of every argument two values at most: more need not be known. */
  private final Map<String, List<Field>> seen = new HashMap<>();

  private final Map<Long, String> functions = new HashMap<>();
  private long next = 1 << 20;

  /** A new device, by the libraries' rule where these are here. */
  public Backend open(DType activations, boolean libraries) {
    var driver =
        (CudaDriver)
            Proxy.newProxyInstance(
                CudaDriver.class.getClassLoader(),
                new Class<?>[] {CudaDriver.class},
                (_, method, args) ->
                    answer(method.getName(), method.getReturnType(), args == null ? NONE : args));
    return CudaBackend.open(
        driver,
        0,
        STAGING,
        activations,
        _ -> new byte[1],
        libraries ? new Everything() : Libraries.NONE);
  }

  private static final Object[] NONE = {};

  private @Nullable Object answer(String call, Class<?> type, Object[] args) {
    return switch (call) {
      case "deviceCount" -> 1;
      case "deviceName" -> "recorded";
      case "totalBytes" -> CAPACITY;
      case "memoryInfo" -> new CudaDriver.MemoryInfo(CAPACITY, CAPACITY);
      case "attribute" ->
          switch ((CudaDriver.Attribute) args[1]) {
            case MULTIPROCESSORS -> 132;
            case COMPUTE_CAPABILITY_MAJOR -> 9;
            case COMPUTE_CAPABILITY_MINOR -> 0;
            case L2_CACHE_BYTES -> 50 << 20;
            case SHARED_BYTES_PER_MULTIPROCESSOR, SHARED_BYTES_PER_BLOCK_OPTIN -> 227 << 10;
            case MEMORY_POOLS -> 1;
          };
      case "allocate" -> place((Long) args[0]);
      case "allocateHost" -> Arena.ofAuto().allocate((Long) args[0], 64);
      case "function" -> {
        functions.put(next, (String) args[1]);
        yield next++;
      }
      case "copyToHost" -> ((MemorySegment) args[0]).fill((byte) 0);
      case "launch" -> {
        launched((KernelCall) args[0]);
        yield none(type);
      }
      default -> none(type);
    };
  }

  private @Nullable Object none(Class<?> type) {
    if (type == long.class) {
      return next++;
    }
    return type == int.class ? (Object) Integer.MAX_VALUE : type == float.class ? 0f : null;
  }

  private long place(long bytes) {
    next = Math.ceilDiv(next, 256) * 256;
    long address = next;
    next += Math.max(1, bytes);
    return address;
  }

  /** A field of a kernel's arguments, and the values it had so far. */
  private record Field(String path, long offset, boolean wide, Set<Long> values) {
    void see(MemorySegment arguments) {
      if (values.size() < 2) {
        values.add(
            wide
                ? arguments.get(ValueLayout.JAVA_LONG_UNALIGNED, offset)
                : arguments.get(ValueLayout.JAVA_INT_UNALIGNED, offset));
      }
    }
  }

  private void launched(KernelCall call) {
    var name = functions.getOrDefault(call.function(), "");
    var fields = seen.computeIfAbsent(name, RecordedCuda::fields);
    for (var field : fields) {
      field.see(call.arguments());
    }
  }

  private static List<Field> fields(String name) {
    var layout =
        CudaKernels.all().stream()
            .filter(k -> k.name().equals(name))
            .findFirst()
            .orElseThrow()
            .arguments();
    return layout
        .paths()
        .map(path -> {
          var parts =
              Stream.of(path.split("\\.", -1))
                  .map(PathElement::groupElement)
                  .toArray(PathElement[]::new);
          boolean wide = layout.struct().select(parts).byteSize() == Long.BYTES;
          return new Field(path, layout.offset(path), wide, new HashSet<>());
        })
        .toList();
  }

  /** Kernels that were never launched, and arguments that always were the same. */
  public Set<String> unreached() {
    var all = new TreeSet<String>();
    for (var kernel : CudaKernels.all()) {
      var fields = seen.get(kernel.name());
      if (fields == null) {
        all.add(kernel.name());
        continue;
      }
      for (var field : fields) {
        if (field.values().size() < 2) {
          all.add(kernel.name() + "." + field.path());
        }
      }
    }
    return all;
  }

  /** Libraries that do everything, and add what cuBLASLt and cuDNN add. */
  private static final class Everything implements Libraries {
    @Override
    public Optional<String> missing(Provider provider) {
      return Optional.empty();
    }

    @Override
    public Library open(Provider provider) {
      boolean adds = provider == Provider.CUBLASLT || provider == Provider.CUDNN;
      return new Library() {
        @Override
        public String name() {
          return provider.label();
        }

        @Override
        public Offer<Operation> prepare(Spec spec, long workspaceLimit) {
          boolean extra =
              switch (spec) {
                case MatmulSpec s -> s.bias() || s.residual();
                case ConvolutionSpec s -> s.bias() || s.residual();
                default -> false;
              };
          return extra && !adds ? new Offer.Refused<>("it adds nothing") : new Offer.Ready<>(DONE);
        }

        @Override
        public void close() {}
      };
    }

    private static final Library.Operation DONE =
        new Library.Operation() {
          @Override
          public long workspaceBytes() {
            return 256;
          }

          @Override
          public void enqueue(long x, long w, long b, long r, long y, long room, long stream) {}

          @Override
          public void close() {}
        };
  }
}
