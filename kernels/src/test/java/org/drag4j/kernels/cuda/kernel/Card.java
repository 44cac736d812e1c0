package org.drag4j.kernels.cuda.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.drag4j.kernels.cuda.driver.Cubins;
import org.drag4j.kernels.cuda.driver.CudaDriver;
import org.drag4j.kernels.cuda.driver.CudaDriver.Attribute;
import org.drag4j.kernels.cuda.driver.CudaDriver.FunctionAttribute;
import org.drag4j.kernels.cuda.driver.CudaLibraries;
import org.drag4j.kernels.cuda.driver.CudaLibrary;
import org.drag4j.kernels.cuda.driver.CudaSource;
import org.drag4j.kernels.cuda.driver.JCudaBinding;
import org.drag4j.kernels.cuda.driver.KernelCall;
import org.drag4j.kernels.cuda.driver.Nvrtc;

/**
 * Runs kernels on a GPU. Every buffer has memory of its own there for each call, so that NVIDIA's
 * memory checker sees what is touched beside it.
 */
final class Card implements Machine {
  /** Buffers keep their place within a line of this many bytes: kernels depend on alignment. */
  private static final int LINE = 256;

  private final CudaDriver driver;
  private final Function<String, byte[]> images;
  private final Map<String, Long> modules = new HashMap<>();
  private final long context;
  private final long stream;

  private Card(CudaDriver driver, int device, Function<String, byte[]> images) {
    this.driver = driver;
    this.images = images;
    context = driver.retainContext(device);
    driver.makeCurrent(context);
    stream = driver.createStream();
  }

  /** A device, and the code of the kernels of a source; open until the process ends. */
  static Card of(CudaDriver driver, int device, Function<String, byte[]> images) {
    return new Card(driver, device, images);
  }

  /** The device {@code cuda:N}; its kernels compiled ahead where they came along. */
  static Card open(String name) {
    var libraries = CudaLibraries.ofThisMachine();
    var driver = JCudaBinding.open(libraries.require(CudaLibrary.DRIVER));
    int device = Integer.parseInt(name.substring(name.indexOf(':') + 1));
    int major = driver.attribute(device, Attribute.COMPUTE_CAPABILITY_MAJOR);
    int minor = driver.attribute(device, Attribute.COMPUTE_CAPABILITY_MINOR);
    var ahead = Cubins.ofClassPath();
    return of(
        driver,
        device,
        file -> {
          var source = CudaSource.of(file, CudaKernels.source(file));
          return ahead
              .cubin(source, major, minor)
              .orElseGet(() ->
                  Nvrtc.open(libraries.require(CudaLibrary.NVRTC))
                      .compile(source, List.of("--std=c++17"), "sm_" + major + minor));
        });
  }

  @Override
  public <A extends Record> void run(CudaKernel<A> kernel, A args, Buffer... buffers) {
    driver.makeCurrent(context);
    var held = new ArrayList<Long>();
    try (var arena = Arena.ofConfined()) {
      var addresses = new HashMap<Buffer, Long>();
      for (var buffer : buffers) {
        if (addresses.containsKey(buffer)) {
          continue;
        }
        long within = buffer.address() % LINE;
        long start = driver.allocate(within + Math.max(1, buffer.memory().byteSize()));
        held.add(start);
        addresses.put(buffer, start + within);
        if (buffer.memory().byteSize() > 0) {
          driver.copyToDevice(start + within, buffer.memory(), stream);
        }
      }
      var bytes = arena.allocate(kernel.arguments().size(), 16);
      kernel.arguments().write(args, bytes);
      translate(bytes, addresses);
      int shared = kernel.sharedBytes(args);
      var grid = kernel.grid(args);
      var shape = KernelCall.Shape.of(grid.x(), grid.y(), grid.z(), kernel.threads(), shared);
      driver.launch(KernelCall.of(arena, function(kernel, shared), shape, bytes), stream);
      for (var buffer : buffers) {
        Long at = addresses.get(buffer);
        if (at != null && buffer.memory().byteSize() > 0) {
          // What a kernel may only read comes back too: a change to it must show.
          driver.copyToHost(buffer.memory(), at, stream);
        }
      }
      driver.synchronize(stream);
    } finally {
      held.forEach(driver::free);
    }
  }

  /** Addresses of the host among the argument's words become those of the device. */
  private static void translate(MemorySegment bytes, Map<Buffer, Long> addresses) {
    for (long at = 0; at + Long.BYTES <= bytes.byteSize(); at += Long.BYTES) {
      long word = bytes.get(ValueLayout.JAVA_LONG, at);
      for (var e : addresses.entrySet()) {
        long offset = word - e.getKey().address();
        if (offset >= 0 && offset <= e.getKey().memory().byteSize()) {
          bytes.set(ValueLayout.JAVA_LONG, at, e.getValue() + offset);
          break;
        }
      }
    }
  }

  private long function(CudaKernel<?> kernel, int shared) {
    long module =
        modules.computeIfAbsent(
            kernel.file(), file -> driver.loadModule(images.apply(kernel.file())));
    long function = driver.function(module, kernel.name());
    var limit = FunctionAttribute.MAX_DYNAMIC_SHARED_BYTES;
    if (driver.functionAttribute(function, limit) < shared) {
      driver.setFunctionAttribute(function, limit, shared);
    }
    return function;
  }
}
