package org.drag4j.kernels.cuda;

import java.util.Optional;
import org.drag4j.device.Kernel;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.kernels.cuda.kernel.GegluArgs;

/** The gated GELU. */
final class GegluCuda {
  private GegluCuda() {}

  static Optional<Kernel> select(CudaBackend backend, Value node, String variant) {
    return Prepared.of(backend, node, variant, GegluCuda::gate);
  }

  private static void gate(CudaCalls calls) {
    int n = calls.node().shape().dim(-1);
    int rows = Math.toIntExact(calls.node().shape().size() / n);
    calls.add(CudaKernels.GEGLU.of(calls.type()), new GegluArgs(calls.in(0), calls.out(), rows, n));
  }
}
