package org.drag4j.kernels.cpu;

import java.util.Optional;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;

/** Rows of a table, picked by index. */
final class EmbeddingCpu implements Kernel {
  private final RowMath math;
  private final Value node;
  private final Param param;

  private EmbeddingCpu(RowMath math, Value node, Param param) {
    this.math = math;
    this.node = node;
    this.param = param;
  }

  /** Empty where the table is not a weight of the checkpoint. */
  static Optional<Kernel> select(CpuContext context, Value node) {
    return node.in(1).op() instanceof Op.Weight(var param) && node.in(0).dtype() == DType.I32
        ? Optional.of(new EmbeddingCpu(context.math(), node, param))
        : Optional.empty();
  }

  @Override
  public String name() {
    return "embedding_f32_gather";
  }

  /**
   * {@inheritDoc} The launch throws IllegalArgumentException at an index that the table does not
   * have, before anything is written.
   */
  @Override
  public Launch bind(Bindings at) {
    int columns = node.in(1).shape().dim(1);
    var table = Operands.weights(at).table(param);
    int count = Math.toIntExact(node.in(0).shape().size());
    var ids = at.slot(node.in(0));
    var y = at.slot(node);
    return () -> {
      float[] bits = CpuMemory.floats(ids);
      int first = CpuMemory.start(ids);
      for (int i = 0; i < count; i++) {
        Op.Embedding.check(node, i, Float.floatToRawIntBits(bits[first + i]));
      }
      float[] to = CpuMemory.floats(y);
      int start = CpuMemory.start(y);
      for (int i = 0; i < count; i++) {
        int id = Float.floatToRawIntBits(bits[first + i]);
        table.widen(math, id * columns, columns, to, start + i * columns);
      }
    };
  }
}
