package org.drag4j.kernels.cuda.driver;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUresult;
import org.drag4j.device.DeviceException;
import org.drag4j.tensor.DType;

/**
 * Libraries in Java for the driver in Java: plain loops in double precision, enqueued as the real
 * ones enqueue theirs. They know what is open, and what may be added by them or not.
 */
public final class FakeLibraries {
  private static final int WORKSPACE = 512;

  /** What cuBLAS and cuBLASLt ask for. */
  private static final int WORKSPACE_ALIGNMENT = 256;

  private final FakeCudaDriver driver;
  private final List<String> log = new ArrayList<>();
  private int open;

  /** Libraries of a driver's devices. */
  public FakeLibraries(FakeCudaDriver driver) {
    this.driver = driver;
  }

  /** What was opened, prepared and closed, in order. */
  public List<String> log() {
    return log;
  }

  /** How many providers and prepared operations are open. */
  public int open() {
    return open;
  }

  private void opened(String what) {
    log.add("open " + what);
    open++;
  }

  private void closed(String what) {
    log.add("close " + what);
    open--;
  }

  /** Something prepared: it fails where its library is closed, and the library where it is open. */
  private abstract class Operation implements Library.Operation {
    private final Started library;
    private boolean closed;

    Operation(Started library) {
      this.library = library;
      library.operations++;
      opened("operation of " + library.name);
    }

    @Override
    public String algorithm() {
      return "fake";
    }

    @Override
    public long workspaceBytes() {
      return WORKSPACE;
    }

    void enqueue(long workspace, long stream, Runnable work) {
      if (closed || library.closed || library.failing) {
        throw new DeviceException(library.name + ": execution failed");
      }
      if (workspace % WORKSPACE_ALIGNMENT != 0) {
        throw new DeviceException(library.name + ": CUBLAS_STATUS_INVALID_VALUE");
      }
      switch (library.does) {
        case "synchronize" -> driver.synchronize(stream);
        case "allocate" -> driver.free(driver.allocate(WORKSPACE));
        default -> {}
      }
      driver.enqueueWork(
          stream,
          library.name,
          () -> {
            driver.memory(workspace, WORKSPACE).fill((byte) 0x5a);
            work.run();
          });
    }

    @Override
    public void close() {
      if (closed || library.closed) {
        throw new AssertionError(library.name + ": closed in the wrong order");
      }
      closed = true;
      library.operations--;
      closed("operation of " + library.name);
    }
  }

  /** What all of the libraries have. */
  public abstract class Started implements Library {
    private final String name;
    private int operations;
    private boolean closed;
    private boolean failing;
    private String does = "";

    Started(String name) {
      this.name = name;
      opened(name);
    }

    @Override
    public String name() {
      return name;
    }

    /** Makes everything that is enqueued from now on fail. */
    public void fail() {
      failing = true;
    }

    /** Makes everything that is enqueued from now on wait or allocate by itself first. */
    public void does(String what) {
      does = what;
    }

    @Override
    public void close() {
      if (operations != 0) {
        throw new AssertionError(name + ": closed with " + operations + " operations open");
      }
      closed = true;
      closed(name);
      if (failing) {
        throw new DeviceException(name + ": destruction failed");
      }
    }
  }

  /** Products; with or without the addition of bias and residual. */
  public final class Matmul extends Started {
    private final boolean adds;

    /** Opens it. */
    public Matmul(String name, boolean adds) {
      super(name);
      this.adds = adds;
    }

    @Override
    public Offer<Library.Operation> prepare(Spec asked, long workspaceLimit) {
      if (!(asked instanceof MatmulSpec spec)) {
        return new Offer.Refused<>("it does products");
      }
      if (!adds && (spec.bias() || spec.residual())) {
        return new Offer.Refused<>("it adds nothing");
      }
      if (spec.k() == 13) {
        return new Offer.Refused<>("13 is too unlucky");
      }
      return new Offer.Ready<>(new Product(this, spec));
    }
  }

  private final class Product extends Operation {
    private final MatmulSpec spec;

    Product(Matmul library, MatmulSpec spec) {
      super(library);
      this.spec = spec;
    }

    @Override
    public void enqueue(
        long a, long b, long bias, long residual, long d, long workspace, long stream) {
      enqueue(
          workspace,
          stream,
          () -> {
            int n = spec.n();
            int k = spec.k();
            var x = numbers(a, spec.dtype(), (long) spec.m() * k);
            var w = numbers(b, spec.dtype(), (long) n * k);
            for (int row = 0; row < spec.m(); row++) {
              for (int column = 0; column < n; column++) {
                double sum = 0;
                for (int i = 0; i < k; i++) {
                  sum += x.get((long) row * k + i) * w.get((long) column * k + i);
                }
                if (spec.bias()) {
                  sum += numbers(bias, spec.dtype(), n).get(column);
                }
                long at = (long) row * n + column;
                if (spec.residual()) {
                  sum += numbers(residual, spec.dtype(), (long) spec.m() * n).get(at);
                }
                numbers(d, spec.dtype(), (long) spec.m() * n).set(at, sum);
              }
            }
          });
    }
  }

  /** Convolutions; with or without the addition of bias and residual. */
  public class Convolution extends Started {
    private final boolean adds;

    /** Opens it. */
    public Convolution(String name, boolean adds) {
      super(name);
      this.adds = adds;
    }

    @Override
    public Offer<Library.Operation> prepare(Spec asked, long workspaceLimit) {
      if (!(asked instanceof ConvolutionSpec spec)) {
        return new Offer.Refused<>("it does convolutions");
      }
      if (!adds && (spec.bias() || spec.residual())) {
        return new Offer.Refused<>("it adds nothing");
      }
      if (spec.padBefore() != spec.padAfter()) {
        return new Offer.Refused<>("it pads evenly");
      }
      return new Offer.Ready<>(new Window(this, spec));
    }
  }

  private final class Window extends Operation {
    private final ConvolutionSpec spec;

    Window(Convolution library, ConvolutionSpec spec) {
      super(library);
      this.spec = spec;
    }

    @Override
    public void enqueue(
        long x, long w, long bias, long residual, long y, long workspace, long stream) {
      enqueue(
          workspace,
          stream,
          () -> {
            var type = spec.dtype();
            long size = (long) spec.n() * spec.p() * spec.q() * spec.k();
            var out = numbers(y, type, size);
            var picture = numbers(x, type, (long) spec.n() * spec.h() * spec.w() * spec.c());
            var filter = numbers(w, type, (long) spec.k() * spec.r() * spec.s() * spec.c());
            for (long at = 0; at < size; at++) {
              int k = (int) (at % spec.k());
              double sum = sum(picture, filter, at / spec.k(), k);
              sum += spec.bias() ? numbers(bias, type, spec.k()).get(k) : 0;
              sum += spec.residual() ? numbers(residual, type, size).get(at) : 0;
              out.set(at, sum);
            }
          });
    }

    private double sum(Numbers x, Numbers w, long position, int k) {
      long q = position % spec.q();
      long p = position / spec.q() % spec.p();
      long n = position / spec.q() / spec.p();
      double sum = 0;
      for (int r = 0; r < spec.r(); r++) {
        for (int s = 0; s < spec.s(); s++) {
          long row = p * spec.stride() - spec.padBefore() + r;
          long column = q * spec.stride() - spec.padBefore() + s;
          if (row < 0 || column < 0 || row >= spec.h() || column >= spec.w()) {
            continue;
          }
          for (int c = 0; c < spec.c(); c++) {
            sum +=
                x.get(((n * spec.h() + row) * spec.w() + column) * spec.c() + c)
                    * w.get((((long) k * spec.r() + r) * spec.s() + s) * spec.c() + c);
          }
        }
      }
      return sum;
    }
  }

  /** Convolutions and attention, as cuDNN has them. */
  public final class Both extends Convolution {
    /** Opens it. */
    public Both(String name) {
      super(name, true);
    }

    @Override
    public Offer<Library.Operation> prepare(Spec asked, long workspaceLimit) {
      if (!(asked instanceof AttentionSpec spec)) {
        return super.prepare(asked, workspaceLimit);
      }
      return spec.causal()
          ? new Offer.Refused<>("it is not causal")
          : new Offer.Ready<>(new Heads(this, spec));
    }
  }

  private final class Heads extends Operation {
    private final AttentionSpec spec;

    Heads(Both library, AttentionSpec spec) {
      super(library);
      this.spec = spec;
    }

    @Override
    public void enqueue(
        long q, long k, long v, long residual, long o, long workspace, long stream) {
      enqueue(
          workspace,
          stream,
          () -> {
            int width = spec.heads() * spec.dim();
            long queries = (long) spec.batch() * spec.queries() * width;
            long keys = (long) spec.batch() * spec.keys() * width;
            var from = numbers(q, spec.dtype(), queries);
            var to = numbers(k, spec.dtype(), keys);
            var values = numbers(v, spec.dtype(), keys);
            var out = numbers(o, spec.dtype(), queries);
            for (long head = 0; head < queries / spec.dim(); head++) {
              long image = head / spec.heads() / spec.queries();
              long first = image * spec.keys() * width + head % spec.heads() * spec.dim();
              attend(from, to, values, out, head * spec.dim(), first, width);
            }
          });
    }

    private void attend(
        Numbers q, Numbers k, Numbers v, Numbers o, long query, long first, int width) {
      var weights = new double[spec.keys()];
      double total = 0;
      for (int i = 0; i < weights.length; i++) {
        double dot = 0;
        for (int d = 0; d < spec.dim(); d++) {
          dot += q.get(query + d) * k.get(first + (long) i * width + d);
        }
        weights[i] = Math.exp(dot * spec.scale());
        total += weights[i];
      }
      for (int d = 0; d < spec.dim(); d++) {
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
          sum += weights[i] * v.get(first + (long) i * width + d);
        }
        o.set(query + d, sum / total);
      }
    }
  }

  private Numbers numbers(long address, DType type, long count) {
    if (address % 16 != 0) {
      CudaErrors.check(CUresult.CUDA_ERROR_MISALIGNED_ADDRESS, "library");
    }
    return new Numbers(driver.memory(address, count * type.bytes()), type);
  }

  /** Numbers of a format in device memory. */
  private record Numbers(MemorySegment memory, DType type) {
    private static final ValueLayout.OfShort HALF =
        ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
        ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    double get(long i) {
      return type == DType.F16
          ? Float.float16ToFloat(memory.get(HALF, i * Short.BYTES))
          : memory.get(FLOAT, i * Float.BYTES);
    }

    void set(long i, double value) {
      if (type == DType.F16) {
        memory.set(HALF, i * Short.BYTES, Float.floatToFloat16((float) value));
      } else {
        memory.set(FLOAT, i * Float.BYTES, (float) value);
      }
    }
  }
}
