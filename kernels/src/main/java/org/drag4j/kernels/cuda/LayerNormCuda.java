package org.drag4j.kernels.cuda;

import java.util.Optional;
import org.drag4j.device.Kernel;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.kernels.cuda.kernel.LayerNormArgs;

/** Layer norm. */
final class LayerNormCuda {
  private LayerNormCuda() {}

  static Optional<Kernel> select(CudaBackend backend, Value node, String variant) {
    if (!(node.op() instanceof Op.LayerNorm norm)) {
      return Optional.empty();
    }
    return Prepared.of(backend, node, variant, calls -> normalise(calls, norm.eps()));
  }

  private static void normalise(CudaCalls calls, float eps) {
    int n = calls.node().shape().dim(-1);
    int rows = Math.toIntExact(calls.node().shape().size() / n);
    calls.add(
        CudaKernels.LAYER_NORM.of(calls.type()),
        new LayerNormArgs(calls.in(0), calls.in(1), calls.in(2), calls.out(), rows, n, n, n, eps));
  }
}
