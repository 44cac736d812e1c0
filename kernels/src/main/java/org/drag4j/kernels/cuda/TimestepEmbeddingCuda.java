package org.drag4j.kernels.cuda;

import java.util.Optional;
import org.drag4j.device.Kernel;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.kernels.cuda.kernel.TimestepEmbeddingArgs;
import org.drag4j.tensor.DType;

/** Sinusoidal embeddings of timesteps, which are F32 in either format. */
final class TimestepEmbeddingCuda {
  private TimestepEmbeddingCuda() {}

  static Optional<Kernel> select(CudaBackend backend, Value node, String variant) {
    if (!(node.op() instanceof Op.TimestepEmbedding op) || node.in(0).dtype() != DType.F32) {
      return Optional.empty();
    }
    return Prepared.of(backend, node, variant, calls -> embed(calls, op));
  }

  private static void embed(CudaCalls calls, Op.TimestepEmbedding op) {
    int n = calls.node().shape().dim(0);
    calls.add(
        CudaKernels.TIMESTEP_EMBEDDING.of(calls.type()),
        new TimestepEmbeddingArgs(
            calls.in(0), calls.out(), n, op.dim(), op.flipSinToCos() ? 1 : 0, op.freqShift()));
  }
}
