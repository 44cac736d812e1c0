package org.drag4j.kernels.cuda;

import java.util.Optional;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.kernels.cuda.kernel.EmbeddingArgs;
import org.drag4j.tensor.DType;

/** Rows of a table; an index outside it gives NaN, since only the device knows it. */
final class EmbeddingCuda {
  private EmbeddingCuda() {}

  static Optional<Kernel> select(CudaBackend backend, Value node, KernelOptions options) {
    if (node.in(0).dtype() != DType.I32) {
      return Optional.empty();
    }
    return Prepared.of(backend, node, Prepared.PLAIN, options, EmbeddingCuda::pick);
  }

  private static void pick(CudaCalls calls) {
    var node = calls.node();
    var table = node.in(1).shape();
    int count = Math.toIntExact(node.in(0).shape().size());
    calls.add(
        CudaKernels.EMBEDDING.of(calls.type()),
        new EmbeddingArgs(
            calls.in(0), calls.in(1), calls.out(), count, table.dim(0), table.dim(1)));
  }
}
