package org.drag4j.kernels.cuda;

import java.util.Optional;
import org.drag4j.device.Kernel;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.ConcatArgs;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.kernels.cuda.kernel.UpsampleArgs;

/** Operations that move numbers without changing them. */
final class MoveCuda {
  private MoveCuda() {}

  static Optional<Kernel> select(CudaBackend backend, Value node, Op.Move move, String variant) {
    return switch (move) {
      case Op.Concat _ -> Prepared.of(backend, node, variant, MoveCuda::join);
      case Op.Upsample _ -> Prepared.of(backend, node, variant, MoveCuda::resize);
      case Op.Embedding _ -> EmbeddingCuda.select(backend, node, variant);
    };
  }

  /** Values joined along the last dimension, a call for each. */
  private static void join(CudaCalls calls) {
    var node = calls.node();
    int columns = node.shape().dim(-1);
    int rows = Math.toIntExact(node.shape().size() / columns);
    long to = calls.out();
    for (int i = 0; i < node.inputs().size(); i++) {
      int n = node.in(i).shape().dim(-1);
      if (n > 0) {
        var args = new ConcatArgs(calls.in(i), to, rows, n, n, columns);
        calls.add(CudaKernels.CONCAT.of(calls.type()), args);
      }
      to += (long) n * calls.type().bytes();
    }
  }

  private static void resize(CudaCalls calls) {
    var x = calls.node().in(0).shape();
    var y = calls.node().shape();
    calls.add(
        CudaKernels.UPSAMPLE.of(calls.type()),
        new UpsampleArgs(
            calls.in(0), calls.out(), x.dim(0), x.dim(1), x.dim(2), x.dim(3), y.dim(1), y.dim(2)));
  }
}
