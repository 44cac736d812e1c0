package org.drag4j.kernels.cuda;

import java.util.Optional;
import java.util.function.Consumer;
import org.drag4j.device.DeviceException;
import org.drag4j.device.Kernel;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.driver.AttentionSpec;
import org.drag4j.kernels.cuda.driver.ConvolutionSpec;
import org.drag4j.kernels.cuda.driver.Library;
import org.drag4j.kernels.cuda.driver.MatmulSpec;
import org.drag4j.kernels.cuda.driver.Offer;
import org.drag4j.kernels.cuda.kernel.BinaryArgs;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.kernels.cuda.kernel.Epilogue;
import org.drag4j.tensor.DType;

/**
 * Kernels that are a library's call: {@code linear_f16_cublaslt_algo66}. Bias and residual are
 * added by the library, or, where it does not, by our own kernels after it, which the name then
 * says: {@code linear_f16_jcublas+binary}.
 */
final class LibraryKernel {
  /** Alignment that libraries are promised. */
  private static final int ALIGNED = 16;

  private static final long SCRATCH_ALIGNMENT = 256;

  private final CudaBackend backend;
  private final Value node;
  private final CudaCandidates.Opened opened;
  private final Extras extras;
  private final DType type;

  private LibraryKernel(
      CudaBackend backend, Value node, CudaCandidates.Opened opened, Extras extras) {
    this.backend = backend;
    this.node = node;
    this.opened = opened;
    this.extras = extras;
    type = backend.activations();
  }

  /**
   * What is added to the result, as numbers of the node's inputs; -1 for nothing.
   *
   * @param bias of the operation itself, one number a channel
   * @param shift fused to it, one number a channel too
   * @param residual fused to it, of the result's shape
   */
  private record Extras(int bias, int shift, int residual) {
    static Extras ofBody(Value node) {
      int arity = node.op().body().arity();
      boolean biased = !(node.op().body() instanceof Op.Attention) && arity > 2;
      return new Extras(biased ? 2 : -1, -1, -1);
    }

    /** Empty where something else is fused to the node. */
    static Optional<Extras> of(Value node) {
      var extras = ofBody(node);
      if (!(node.op() instanceof Op.Fused(var body, var then))) {
        return Optional.of(extras);
      }
      int input = body.arity();
      for (var stage : then) {
        if (!(stage instanceof Op.Binary(var fn)) || fn != Op.BinaryFn.ADD) {
          return Optional.empty();
        }
        var shape = node.in(input).shape();
        int channels = node.shape().dim(-1);
        if (shape.equals(node.shape()) && extras.residual < 0) {
          extras = new Extras(extras.bias, extras.shift, input);
        } else if (shape.size() == channels && shape.dim(-1) == channels && extras.shift < 0) {
          extras = new Extras(extras.bias, input, extras.residual);
        } else {
          return Optional.empty();
        }
        input++;
      }
      return Optional.of(extras);
    }

    boolean perChannel() {
      return bias >= 0 || shift >= 0;
    }

    boolean any() {
      return perChannel() || residual >= 0;
    }
  }

  /** The library's kernel for a node, or why there is none. */
  static Offer<Kernel> of(CudaBackend backend, Value node, CudaCandidates.Opened opened) {
    return Extras.of(node)
        .map(extras -> new LibraryKernel(backend, node, opened, extras).offer())
        .orElseGet(() -> new Offer.Refused<>("what is fused to it is not a bias or a residual"));
  }

  /** Whether the library does a node without what is fused to it. */
  static boolean body(CudaBackend backend, Value node, CudaCandidates.Opened opened) {
    var plain = new LibraryKernel(backend, node, opened, Extras.ofBody(node)).offer();
    return plain.prepared().isPresent();
  }

  private Offer<Kernel> offer() {
    if (node.shape().size() == 0) {
      return new Offer.Refused<>("there is nothing to compute");
    }
    return switch (node.op().body()) {
      case Op.Linear _ -> withExtras(this::spec);
      case Op.Conv2d conv -> withExtras((bias, residual) -> spec(conv, bias, residual));
      case Op.Attention attention -> attention(attention);
      default -> new Offer.Refused<>("it is not among the operations of the library");
    };
  }

  private int columns() {
    return node.shape().dim(-1);
  }

  private int rows() {
    return Math.toIntExact(node.shape().size() / columns());
  }

  /** What a library is asked for, with or without a bias and a residual. */
  private interface Specification {
    Library.Spec of(boolean bias, boolean residual);
  }

  /** By the library alone, or, where it does not take all extras, with those added behind it. */
  private Offer<Kernel> withExtras(Specification specification) {
    var offer = opened.offer(specification.of(extras.perChannel(), extras.residual() >= 0));
    if (offer instanceof Offer.Ready<Library.Operation>(var operation)) {
      return ready(operation, "", calls -> run(calls, operation, true));
    }
    var rest = extras.any() ? opened.offer(specification.of(false, false)) : offer;
    return switch (rest) {
      case Offer.Ready<Library.Operation>(var operation) ->
          ready(operation, "+binary", calls -> run(calls, operation, false));
      case Offer.Refused<Library.Operation>(var reason) -> new Offer.Refused<>(reason);
    };
  }

  private void run(CudaCalls calls, Library.Operation operation, boolean whole) {
    long x = aligned(calls.in(0));
    long w = aligned(calls.in(1));
    long y = aligned(calls.out());
    long bias = whole ? perChannel(calls, operation) : 0;
    long residual = whole ? residual(calls) : 0;
    long workspace = calls.scratch();
    calls.add(stream -> operation.enqueue(x, w, bias, residual, y, workspace, stream));
    if (!whole) {
      addRest(calls, y);
    }
  }

  private MatmulSpec spec(boolean bias, boolean residual) {
    return MatmulSpec.linear(rows(), columns(), node.in(1).shape().dim(1), type, bias, residual);
  }

  private ConvolutionSpec spec(Op.Conv2d conv, boolean bias, boolean residual) {
    var x = node.in(0).shape();
    var w = node.in(1).shape();
    return new ConvolutionSpec(
        x.dim(0),
        x.dim(1),
        x.dim(2),
        x.dim(3),
        w.dim(0),
        w.dim(1),
        w.dim(2),
        conv.stride(),
        conv.padBefore(),
        conv.padAfter(),
        type,
        bias,
        residual);
  }

  private Offer<Kernel> attention(Op.Attention op) {
    var q = node.shape();
    var spec =
        new AttentionSpec(
            q.dim(0),
            op.heads(),
            q.dim(1),
            node.in(1).shape().dim(1),
            q.dim(2) / op.heads(),
            op.causal(),
            type);
    return switch (opened.offer(spec)) {
      case Offer.Ready<Library.Operation>(var attention) ->
          ready(
              attention,
              "",
              calls -> {
                long queries = aligned(calls.in(0));
                long keys = aligned(calls.in(1));
                long values = aligned(calls.in(2));
                long y = aligned(calls.out());
                long workspace = calls.scratch();
                calls.add(
                    stream -> attention.enqueue(queries, keys, values, 0, y, workspace, stream));
              });
      case Offer.Refused<Library.Operation>(var reason) -> new Offer.Refused<>(reason);
    };
  }

  private Offer<Kernel> ready(Library.Operation prepared, String after, Consumer<CudaCalls> work) {
    var name = new StringBuilder(node.op().label());
    name.append(type == DType.F16 ? "_f16_" : "_f32_").append(opened.provider().label());
    if (!prepared.algorithm().isEmpty()) {
      name.append('_').append(prepared.algorithm());
    }
    boolean sum = extras.bias() >= 0 && extras.shift() >= 0;
    long scratch = shiftAt(prepared) + (sum ? columns() * type.bytes() : 0);
    return new Offer.Ready<>(
        new Prepared(backend, node, name.append(after).toString(), scratch, work));
  }

  /** Where, within the scratch memory, the sum of bias and shift is. */
  private static long shiftAt(Library.Operation prepared) {
    return Math.ceilDiv(prepared.workspaceBytes(), SCRATCH_ALIGNMENT) * SCRATCH_ALIGNMENT;
  }

  /** Address of what is added to each channel, bias and shift summed where there are both. */
  private long perChannel(CudaCalls calls, Library.Operation prepared) {
    if (extras.bias() < 0) {
      return extras.shift() < 0 ? 0 : aligned(calls.in(extras.shift()));
    }
    long bias = aligned(calls.in(extras.bias()));
    if (extras.shift() < 0) {
      return bias;
    }
    long sum = calls.scratch() + shiftAt(prepared);
    add(calls, bias, calls.in(extras.shift()), sum, 1, 0);
    return sum;
  }

  private long residual(CudaCalls calls) {
    return extras.residual() < 0 ? 0 : aligned(calls.in(extras.residual()));
  }

  /** Adds to the result in place what the library did not. */
  private void addRest(CudaCalls calls, long y) {
    for (int input : new int[] {extras.bias(), extras.shift()}) {
      if (input >= 0) {
        add(calls, y, calls.in(input), y, rows(), 0);
      }
    }
    if (extras.residual() >= 0) {
      add(calls, y, calls.in(extras.residual()), y, rows(), columns());
    }
  }

  /**
   * {@code y = a + b}, of {@code b} the same row for every row of {@code a} where the stride is 0.
   */
  private void add(CudaCalls calls, long a, long b, long y, int rows, int stride) {
    int columns = columns();
    long size = Math.multiplyExact((long) rows, columns);
    calls.add(
        CudaKernels.BINARY.of(type),
        new BinaryArgs(
            a, b, y, size, 1, rows, columns, 0, 0, stride, 1, Epilogue.number(Op.BinaryFn.ADD)));
  }

  private long aligned(long address) {
    if (address % ALIGNED != 0) {
      throw new DeviceException(
          node.path()
              + ": expected tensors at multiples of "
              + ALIGNED
              + " bytes for "
              + opened.provider().label()
              + ", got one that is not; bind it elsewhere, or use a kernel of our own by --kernel");
    }
    return address;
  }
}
