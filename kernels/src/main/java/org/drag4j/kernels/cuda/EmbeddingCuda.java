package org.drag4j.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.kernels.cuda.kernel.EmbeddingArgs;
import org.drag4j.tensor.DType;

/**
 * Rows of a table. Indices are read back and checked before the launch, as on every device; not
 * while work is recorded, since nothing can be read then: an index outside the table gives NaN.
 */
record EmbeddingCuda(CudaBackend backend, Value node, Kernel kernel) implements Kernel {
  static Optional<Kernel> select(CudaBackend backend, Value node, String variant) {
    if (node.in(0).dtype() != DType.I32) {
      return Optional.empty();
    }
    return Prepared.of(backend, node, variant, EmbeddingCuda::pick)
        .map(kernel -> new EmbeddingCuda(backend, node, kernel));
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

  @Override
  public String name() {
    return kernel.name();
  }

  @Override
  public long workspaceBytes() {
    return kernel.workspaceBytes();
  }

  /**
   * {@inheritDoc} The launch throws IllegalArgumentException at an index that the table does not
   * have, before anything is written.
   */
  @Override
  public Launch bind(Bindings at) {
    var launch = kernel.bind(at);
    var ids = at.slot(node.in(0));
    var values = new int[Math.toIntExact(node.in(0).shape().size())];
    return () -> {
      if (!backend.stream().context().recording()) {
        var tensor = ids.tensor();
        tensor.memory().read(tensor.offset(), MemorySegment.ofArray(values));
        for (int i = 0; i < values.length; i++) {
          Op.Embedding.check(node, i, values[i]);
        }
      }
      launch.enqueue();
    };
  }
}
