package org.drag4j.kernels.cuda;

import java.util.Optional;
import org.drag4j.device.Kernel;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.ConcatArgs;
import org.drag4j.kernels.cuda.kernel.CudaKernels;

/** Values joined along the last dimension, a call for each. */
final class ConcatCuda {
  private ConcatCuda() {}

  static Optional<Kernel> select(CudaBackend backend, Value node, String variant) {
    return Prepared.of(backend, node, variant, ConcatCuda::join);
  }

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
}
