package org.drag4j.kernels.cpu;

import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.graph.Value;

/** The first half of each row times the GELU of its second half. */
final class GegluCpu implements Kernel {
  private final CpuContext context;
  private final Value node;

  GegluCpu(CpuContext context, Value node) {
    this.context = context;
    this.node = node;
  }

  @Override
  public String name() {
    return "geglu_f32_row";
  }

  @Override
  public Launch bind(Bindings at) {
    var x = Place.of(at, node.in(0));
    var y = Place.of(at, node);
    int columns = node.shape().dim(-1);
    int rows = Math.toIntExact(node.shape().size() / Math.max(1, columns));
    int each = Math.max(1, RowMath.CHUNK / Math.max(1, columns));
    int tasks = Math.ceilDiv(rows, each);
    var math = context.math();
    Workers.Task task =
        (index, _) -> {
          int end = Math.min(rows, (index + 1) * each);
          for (int r = index * each; r < end; r++) {
            int from = x.start() + 2 * r * columns;
            math.geglu(
                x.floats(), from, from + columns, y.floats(), y.start() + r * columns, columns);
          }
        };
    return () -> {
      x.lookUp();
      y.lookUp();
      context.workers().run(tasks, task);
    };
  }
}
