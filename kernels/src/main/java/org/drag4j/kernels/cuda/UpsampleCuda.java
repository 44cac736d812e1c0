package org.drag4j.kernels.cuda;

import java.util.Optional;
import org.drag4j.device.Kernel;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.kernels.cuda.kernel.UpsampleArgs;

/** Nearest-neighbour resize. */
final class UpsampleCuda {
  private UpsampleCuda() {}

  static Optional<Kernel> select(CudaBackend backend, Value node, String variant) {
    return Prepared.of(backend, node, variant, UpsampleCuda::resize);
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
