package org.drag4j.kernels.cpu;

import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.graph.Value;

/** Joins rows of any number of inputs. */
final class ConcatCpu implements Kernel {
  private final CpuContext context;
  private final Value node;

  ConcatCpu(CpuContext context, Value node) {
    this.context = context;
    this.node = node;
  }

  @Override
  public String name() {
    return "concat_f32_row";
  }

  @Override
  public Launch bind(Bindings at) {
    var parts = new Place[node.inputs().size()];
    var widths = new int[parts.length];
    for (int i = 0; i < parts.length; i++) {
      parts[i] = Place.of(at, node.in(i));
      widths[i] = node.in(i).shape().dim(-1);
    }
    var y = Place.of(at, node);
    int columns = node.shape().dim(-1);
    int rows = Math.toIntExact(node.shape().size() / Math.max(1, columns));
    int each = Math.max(1, RowMath.CHUNK / Math.max(1, columns));
    int tasks = Math.ceilDiv(rows, each);
    Workers.Task task =
        (index, _) -> {
          int end = Math.min(rows, (index + 1) * each);
          for (int r = index * each; r < end; r++) {
            int to = y.start() + r * columns;
            for (int i = 0; i < parts.length; i++) {
              int width = widths[i];
              var from = parts[i];
              System.arraycopy(from.floats(), from.start() + r * width, y.floats(), to, width);
              to += width;
            }
          }
        };
    return () -> {
      for (var part : parts) {
        part.lookUp();
      }
      y.lookUp();
      context.workers().run(tasks, task);
    };
  }
}
