package org.drag4j.kernels.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceMemoryException;
import org.drag4j.kernels.cuda.driver.CudaDriver.Attribute;
import org.drag4j.kernels.cuda.driver.CudaDriver.FunctionAttribute;
import org.drag4j.tensor.DType;

/**
 * Uses the real bindings on libraries in C that stand in for NVIDIA's. A process of its own, since
 * a loaded library stays: started by {@link StandInTest}, with the libraries' folder; prints what
 * it found, one line each.
 */
final class StandInRun {
  private static final long KEPT = 1L << 30;

  private StandInRun() {}

  public static void main(String[] arguments) {
    Locale.setDefault(Locale.ROOT);
    var libraries =
        CudaLibraries.of(Map.of(CudaLibraries.VARIABLE, arguments[0]), Path.of(arguments[0]));
    var driver = JCudaBinding.open(libraries.require(CudaLibrary.DRIVER));
    say("devices", driver.deviceCount() + " " + driver.deviceName(1));
    say(
        "attributes",
        driver.attribute(0, Attribute.COMPUTE_CAPABILITY_MAJOR)
            + " "
            + driver.attribute(0, Attribute.MEMORY_POOLS)
            + " "
            + driver.totalBytes(0));
    driver.makeCurrent(driver.retainContext(0));
    say("memory info", driver.memoryInfo().toString());
    long stream = driver.createStream();
    memory(driver, stream);
    kernels(driver, stream);
    try (var lt = CublasLt.open(libraries.require(CudaLibrary.CUBLASLT))) {
      products(lt, stream);
    }
    try (var jcublas = JCublas.open(driver, libraries.require(CudaLibrary.CUBLAS))) {
      products(jcublas, stream);
    }
    var cudnn = libraries.require(CudaLibrary.CUDNN);
    try (var graphs = Cudnn.open(cudnn)) {
      convolutions(graphs, stream);
      attention(graphs, stream);
    }
    try (var jcudnn = JCudnnProvider.open(driver, cudnn)) {
      convolutions(jcudnn, stream);
    }
    driver.destroyStream(stream);
    driver.releaseContext(0);
    say("end", "closed");
  }

  private static void say(String what, String value) {
    System.out.println(what + ": " + value);
  }

  private static String failure(Runnable work) {
    try {
      work.run();
      return "none";
    } catch (DeviceMemoryException e) {
      return "memory: " + e.getMessage();
    } catch (DeviceException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static void memory(CudaDriver driver, long stream) {
    long pool = driver.createPool(0, KEPT);
    var host = driver.allocateHost(1000);
    for (long i = 0; i < 1000; i++) {
      host.set(ValueLayout.JAVA_BYTE, i, (byte) i);
    }
    long plain = driver.allocate(1000);
    long pooled = driver.allocate(1000, pool, stream);
    driver.copyToDevice(plain, host, stream);
    driver.fill(pooled, (byte) 9, 1000, stream);
    driver.copy(pooled + 100, plain + 200, 300, stream);
    driver.copyToHost(host, pooled, stream);
    driver.synchronize(stream);
    say(
        "bytes",
        host.get(ValueLayout.JAVA_BYTE, 99)
            + " "
            + host.get(ValueLayout.JAVA_BYTE, 100)
            + " "
            + host.get(ValueLayout.JAVA_BYTE, 399)
            + " "
            + host.get(ValueLayout.JAVA_BYTE, 400));
    say("too much", failure(() -> driver.allocate(1L << 40)));
    driver.free(plain);
    driver.free(pooled, stream);
    driver.trimPool(pool, 0);
    driver.destroyPool(pool);
    driver.freeHost(host);
    say("closed pool", failure(() -> driver.trimPool(pool, 0)));
    long start = driver.createEvent(true);
    long end = driver.createEvent(true);
    driver.record(start, stream);
    driver.record(end, stream);
    driver.await(stream, end);
    driver.synchronizeEvent(end);
    say("millis", Float.toString(driver.elapsedMillis(start, end)));
    driver.destroyEvent(start);
    driver.destroyEvent(end);
  }

  private static void kernels(CudaDriver driver, long stream) {
    say("bad image", failure(() -> driver.loadModule("text".getBytes(StandardCharsets.UTF_8))));
    long module = driver.loadModule("cubin".getBytes(StandardCharsets.UTF_8));
    long function = driver.function(module, "add");
    say("no kernel", failure(() -> driver.function(module, "none")));
    driver.setFunctionAttribute(function, FunctionAttribute.MAX_DYNAMIC_SHARED_BYTES, 100_000);
    say(
        "shared",
        Integer.toString(
            driver.functionAttribute(function, FunctionAttribute.MAX_DYNAMIC_SHARED_BYTES)));
    try (var arena = Arena.ofConfined()) {
      var value = arena.allocateFrom(ValueLayout.JAVA_LONG, 0L);
      var struct = arena.allocate(16, 8);
      struct.set(ValueLayout.JAVA_LONG, 0, value.address());
      struct.set(ValueLayout.JAVA_LONG, 8, 1L);
      var plain = KernelCall.of(arena, function, KernelCall.Shape.of(2, 3, 4, 32, 64), struct);
      var extended =
          KernelCall.of(
              arena, function, new KernelCall.Shape(8, 1, 1, 64, 1, 1, 128, 4, true), struct);
      driver.launch(plain, stream);
      driver.launch(extended, stream);
      say("launched", Long.toString(value.get(ValueLayout.JAVA_LONG, 0)));
      driver.beginCapture(stream);
      driver.launch(plain, stream);
      driver.launch(extended, stream);
      say("waiting", failure(() -> driver.synchronize(stream)));
      long graph = driver.endCapture(stream);
      say("recorded", Long.toString(value.get(ValueLayout.JAVA_LONG, 0)));
      long executable = driver.instantiate(graph);
      driver.destroyGraph(graph);
      driver.launchGraph(executable, stream);
      driver.launchGraph(executable, stream);
      driver.destroyExecutable(executable);
      say("replayed", Long.toString(value.get(ValueLayout.JAVA_LONG, 0)));
    }
    driver.unloadModule(module);
  }

  /** The largest error of some products against plain loops. */
  private static void products(Library provider, long stream) {
    var specs =
        List.of(
            MatmulSpec.linear(5, 7, 3, DType.F32, false, false),
            MatmulSpec.linear(5, 7, 3, DType.F32, true, false),
            MatmulSpec.linear(5, 7, 3, DType.F32, true, true),
            new MatmulSpec(3, 4, 5, 6, true, 8, 9, 10, 40, 50, 60, DType.F32, false, false, 0.5f),
            new MatmulSpec(3, 4, 5, 6, true, 8, 9, 10, 40, 50, 60, DType.F32, false, true, 0.5f),
            new MatmulSpec(2, 4, 5, 6, false, 8, 9, 10, 40, 61, 60, DType.F32, false, false, 2));
    say(
        provider.name() + " biased without workspace",
        "" + provider.prepare(specs.get(1), 0).prepared().isPresent());
    var random = new Random(5);
    try (var arena = Arena.ofConfined()) {
      for (var spec : specs) {
        var a = numbers(arena, random, 200);
        var b = numbers(arena, random, 200);
        var bias = numbers(arena, random, 20);
        var residual = numbers(arena, random, 200);
        var d = arena.allocate(ValueLayout.JAVA_FLOAT, 200);
        var workspace = arena.allocate(1024, 256);
        var prepared = provider.prepare(spec, 1024);
        if (!(prepared instanceof Offer.Ready<Library.Operation>(var product))) {
          say(provider.name(), "not prepared");
          continue;
        }
        try (product) {
          product.enqueue(
              a.address(),
              b.address(),
              spec.bias() ? bias.address() : 0,
              spec.residual() ? residual.address() : 0,
              d.address(),
              workspace.address(),
              stream);
        }
        say(provider.name(), error(spec, a, b, bias, residual, d) < 1e-5 ? "right" : "wrong");
      }
    }
  }

  /** Some convolutions against plain loops, each run twice, on other memory. */
  private static void convolutions(Library provider, long stream) {
    var specs =
        List.of(
            new ConvolutionSpec(2, 5, 4, 3, 6, 3, 3, 1, 1, 1, DType.F32, false, false),
            new ConvolutionSpec(2, 5, 4, 3, 6, 3, 2, 2, 1, 1, DType.F32, true, false),
            new ConvolutionSpec(1, 5, 4, 3, 6, 1, 1, 1, 0, 0, DType.F32, false, true),
            new ConvolutionSpec(1, 5, 4, 3, 6, 3, 3, 1, 1, 1, DType.F32, true, true),
            new ConvolutionSpec(1, 6, 6, 2, 3, 3, 3, 2, 0, 1, DType.F32, true, true));
    say(
        provider.name() + " without workspace",
        "" + provider.prepare(specs.get(0), 0).prepared().isPresent());
    var random = new Random(6);
    try (var arena = Arena.ofConfined()) {
      for (var spec : specs) {
        var prepared = provider.prepare(spec, 1024);
        if (!(prepared instanceof Offer.Ready<Library.Operation>(var convolution))) {
          say(provider.name(), "not prepared");
          continue;
        }
        try (convolution) {
          for (int run = 0; run < 2; run++) {
            var x = numbers(arena, random, 200);
            var w = numbers(arena, random, 200);
            var bias = numbers(arena, random, 20);
            var residual = numbers(arena, random, 400);
            var y = arena.allocate(ValueLayout.JAVA_FLOAT, 400);
            convolution.enqueue(
                x.address(),
                w.address(),
                spec.bias() ? bias.address() : 0,
                spec.residual() ? residual.address() : 0,
                y.address(),
                arena.allocate(1024, 256).address(),
                stream);
            say(provider.name(), error(spec, x, w, bias, residual, y) < 1e-5 ? "right" : "wrong");
          }
        }
      }
    }
  }

  private static double error(
      ConvolutionSpec spec,
      MemorySegment x,
      MemorySegment w,
      MemorySegment bias,
      MemorySegment residual,
      MemorySegment y) {
    double worst = 0;
    int out = 0;
    for (int n = 0; n < spec.n(); n++) {
      for (int p = 0; p < spec.p(); p++) {
        for (int q = 0; q < spec.q(); q++) {
          for (int k = 0; k < spec.k(); k++) {
            double sum = spec.bias() ? at(bias, k) : 0;
            sum += spec.residual() ? at(residual, out) : 0;
            for (int r = 0; r < spec.r(); r++) {
              for (int s = 0; s < spec.s(); s++) {
                int row = p * spec.stride() - spec.padBefore() + r;
                int column = q * spec.stride() - spec.padBefore() + s;
                if (row < 0 || row >= spec.h() || column < 0 || column >= spec.w()) {
                  continue;
                }
                for (int c = 0; c < spec.c(); c++) {
                  sum +=
                      at(x, ((n * spec.h() + row) * spec.w() + column) * spec.c() + c)
                          * at(w, ((k * spec.r() + r) * spec.s() + s) * spec.c() + c);
                }
              }
            }
            worst = Math.max(worst, Math.abs(sum - at(y, out++)));
          }
        }
      }
    }
    return worst;
  }

  /** Attention against plain loops, at more places than cuDNN's packs are kept for. */
  private static void attention(Library provider, long stream) {
    var spec = new AttentionSpec(2, 3, 5, 7, 4, false, DType.F32);
    var random = new Random(7);
    double worst = 0;
    try (var arena = Arena.ofConfined();
        var attention = provider.prepare(spec, 1024).prepared().orElseThrow()) {
      say(provider.name() + " attention by", attention.algorithm());
      var workspace = arena.allocate(1024, 256);
      for (int run = 0; run < 200; run++) {
        var q = numbers(arena, random, 2 * 5 * 12);
        var k = numbers(arena, random, 2 * 7 * 12);
        var v = numbers(arena, random, 2 * 7 * 12);
        var o = arena.allocate(ValueLayout.JAVA_FLOAT, 2 * 5 * 12);
        attention.enqueue(
            q.address(), k.address(), v.address(), 0, o.address(), workspace.address(), stream);
        worst = Math.max(worst, error(spec, q, k, v, o));
      }
    }
    say(provider.name() + " attention", worst < 1e-5 ? "right" : "wrong");
  }

  private static double error(
      AttentionSpec spec, MemorySegment q, MemorySegment k, MemorySegment v, MemorySegment o) {
    int width = spec.heads() * spec.dim();
    double worst = 0;
    for (int at = 0; at < spec.batch() * spec.queries() * width; at++) {
      int query = at / spec.dim() * spec.dim();
      int first = at / width / spec.queries() * spec.keys() * width + query % width;
      double total = 0;
      double sum = 0;
      for (int key = 0; key < spec.keys(); key++) {
        double dot = 0;
        for (int d = 0; d < spec.dim(); d++) {
          dot += at(q, query + d) * at(k, first + key * width + d);
        }
        total += Math.exp(dot * spec.scale());
        sum += Math.exp(dot * spec.scale()) * at(v, first + key * width + at - query);
      }
      worst = Math.max(worst, Math.abs(sum / total - at(o, at)));
    }
    return worst;
  }

  private static double at(MemorySegment floats, int index) {
    return floats.getAtIndex(ValueLayout.JAVA_FLOAT, index);
  }

  private static MemorySegment numbers(Arena arena, Random random, int count) {
    var segment = arena.allocate(ValueLayout.JAVA_FLOAT, count);
    for (int i = 0; i < count; i++) {
      segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat() - 0.5f);
    }
    return segment;
  }

  private static double error(
      MatmulSpec spec,
      MemorySegment a,
      MemorySegment b,
      MemorySegment bias,
      MemorySegment residual,
      MemorySegment d) {
    double worst = 0;
    for (int batch = 0; batch < spec.batch(); batch++) {
      for (int m = 0; m < spec.m(); m++) {
        for (int n = 0; n < spec.n(); n++) {
          double sum = 0;
          for (int k = 0; k < spec.k(); k++) {
            long at = batch * spec.strideB();
            at += spec.transposeB() ? n * spec.ldb() + k : k * spec.ldb() + n;
            sum +=
                (double)
                        a.getAtIndex(
                            ValueLayout.JAVA_FLOAT, batch * spec.strideA() + m * spec.lda() + k)
                    * b.getAtIndex(ValueLayout.JAVA_FLOAT, at);
          }
          double expected =
              spec.scale() * sum + (spec.bias() ? bias.getAtIndex(ValueLayout.JAVA_FLOAT, n) : 0);
          long result = batch * spec.strideD() + m * spec.ldd() + n;
          expected += spec.residual() ? residual.getAtIndex(ValueLayout.JAVA_FLOAT, result) : 0;
          float got = d.getAtIndex(ValueLayout.JAVA_FLOAT, result);
          worst = Math.max(worst, Math.abs(expected - got));
        }
      }
    }
    return worst;
  }
}
