package org.drag4j.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.BinaryArgs;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.kernels.cuda.kernel.Epilogue;
import org.drag4j.tensor.Shape;

/** Sums and products, the second operand broadcast. */
final class BinaryCuda {
  /** Dimensions the kernel has arguments for. */
  private static final int DIMS = 4;

  private BinaryCuda() {}

  /**
   * One dimension of those left when neighbours are joined that the second operand either both has
   * or both lacks.
   *
   * @param stride of the second operand; 0 where it is broadcast
   */
  private record Dim(int count, int stride) {}

  /** Empty where the second operand is broadcast in more places than the kernel takes. */
  static Optional<Kernel> select(CudaBackend backend, Value node, KernelOptions options) {
    if (!(node.op() instanceof Op.Binary(var fn))) {
      return Optional.empty();
    }
    var dims = dims(node.shape(), node.in(1).shape());
    if (dims.size() > DIMS) {
      return Optional.empty();
    }
    return Prepared.of(
        backend, node, Prepared.PLAIN, options, calls -> combine(calls, Epilogue.number(fn), dims));
  }

  private static void combine(CudaCalls calls, int fn, List<Dim> dims) {
    var d = new Dim[DIMS];
    for (int i = 0; i < DIMS; i++) {
      d[i] = i < dims.size() ? dims.get(i) : new Dim(1, 0);
    }
    calls.add(
        CudaKernels.BINARY.of(calls.type()),
        new BinaryArgs(
            calls.in(0),
            calls.in(1),
            calls.out(),
            calls.node().shape().size(),
            d[2].count(),
            d[1].count(),
            d[0].count(),
            d[3].stride(),
            d[2].stride(),
            d[1].stride(),
            d[0].stride(),
            fn));
  }

  /** Dimensions for {@code b} broadcast to {@code a}, innermost first; at least one. */
  private static List<Dim> dims(Shape a, Shape b) {
    var dims = new ArrayList<Dim>();
    int stride = 1;
    for (int i = 1; i <= a.rank(); i++) {
      int count = a.dim(-i);
      boolean has = i <= b.rank() && b.dim(-i) != 1;
      if (count == 1) {
        continue;
      }
      if (!dims.isEmpty() && (dims.getLast().stride() != 0) == has) {
        var inner = dims.removeLast();
        dims.add(new Dim(Math.multiplyExact(inner.count(), count), inner.stride()));
      } else {
        dims.add(new Dim(count, has ? stride : 0));
      }
      if (has) {
        stride = Math.multiplyExact(stride, count);
      }
    }
    if (dims.isEmpty()) {
      dims.add(new Dim(1, 1));
    }
    return dims;
  }
}
