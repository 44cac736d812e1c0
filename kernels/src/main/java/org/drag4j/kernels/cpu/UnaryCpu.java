package org.drag4j.kernels.cpu;

import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;

/** An elementwise function. */
final class UnaryCpu implements Kernel {
  private final CpuContext context;
  private final Value node;
  private final Op.UnaryFn fn;

  UnaryCpu(CpuContext context, Value node) {
    this.context = context;
    this.node = node;
    this.fn = ((Op.Unary) node.op()).fn();
  }

  @Override
  public String name() {
    return "unary_f32_row";
  }

  @Override
  public Launch bind(Bindings at) {
    var x = Place.of(at, node.in(0));
    var y = Place.of(at, node);
    int count = Math.toIntExact(node.shape().size());
    int tasks = Math.ceilDiv(count, RowMath.CHUNK);
    var math = context.math();
    Workers.Task task =
        (index, _) -> {
          int from = index * RowMath.CHUNK;
          int some = Math.min(RowMath.CHUNK, count - from);
          math.unary(fn, x.floats(), x.start() + from, y.floats(), y.start() + from, some);
        };
    return () -> {
      x.lookUp();
      y.lookUp();
      context.workers().run(tasks, task);
    };
  }
}
