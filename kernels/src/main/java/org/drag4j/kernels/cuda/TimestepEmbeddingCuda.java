package org.drag4j.kernels.cuda;

import java.util.Optional;
import org.drag4j.device.Kernel;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.kernels.cuda.kernel.TimestepEmbeddingArgs;

/** Sinusoidal embeddings of timesteps, which are F32 in either format. */
final class TimestepEmbeddingCuda {
  private TimestepEmbeddingCuda() {}

  static Optional<Kernel> select(CudaBackend backend, Value node, String variant) {
    if (!(node.op() instanceof Op.TimestepEmbedding op)) {
      return Optional.empty();
    }
    long scratch = Math.multiplyExact(node.in(0).shape().size(), Float.BYTES);
    return Prepared.of(backend, node, variant, scratch, calls -> embed(calls, op));
  }

  private static void embed(CudaCalls calls, Op.TimestepEmbedding op) {
    int n = calls.node().shape().dim(0);
    calls.add(
        CudaKernels.TIMESTEP_EMBEDDING.of(calls.type()),
        new TimestepEmbeddingArgs(
            calls.floats(0, calls.scratch()),
            calls.out(),
            n,
            op.dim(),
            op.flipSinToCos() ? 1 : 0,
            op.freqShift()));
  }
}
