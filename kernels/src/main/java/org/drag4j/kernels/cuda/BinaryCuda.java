package org.drag4j.kernels.cuda;

import java.util.List;
import java.util.Optional;
import org.drag4j.device.Kernel;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.BinaryArgs;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.kernels.cuda.kernel.Epilogue;
import org.drag4j.tensor.Broadcast;

/** Sums and products, the second operand broadcast. */
final class BinaryCuda {
  /** Dimensions the kernel has arguments for. */
  private static final int DIMS = 4;

  private BinaryCuda() {}

  /** Empty where the second operand is broadcast in more places than the kernel takes. */
  static Optional<Kernel> select(CudaBackend backend, Value node, String variant) {
    if (!(node.op() instanceof Op.Binary(var fn))) {
      return Optional.empty();
    }
    var dims = Broadcast.loops(node.shape(), node.in(1).shape());
    if (dims.size() > DIMS) {
      return Optional.empty();
    }
    return Prepared.of(backend, node, variant, calls -> combine(calls, Epilogue.number(fn), dims));
  }

  private static void combine(CudaCalls calls, int fn, List<Broadcast.Loop> dims) {
    var count = new int[DIMS];
    var stride = new int[DIMS];
    for (int i = 0; i < DIMS; i++) {
      count[i] = i < dims.size() ? Math.toIntExact(dims.get(i).count()) : 1;
      stride[i] = i < dims.size() ? Math.toIntExact(dims.get(i).stride()) : 0;
    }
    calls.add(
        CudaKernels.BINARY.of(calls.type()),
        new BinaryArgs(
            calls.in(0),
            calls.in(1),
            calls.out(),
            calls.node().shape().size(),
            count[2],
            count[1],
            count[0],
            stride[3],
            stride[2],
            stride[1],
            stride[0],
            fn));
  }
}
