package org.drag4j.kernels.cpu;

import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;

/** Layer norm in two passes over each row: its mean, then its squares about the mean. */
final class LayerNormCpu implements Kernel {
  private static final int LANES = 16;

  private final CpuContext context;
  private final Value node;
  private final float eps;

  LayerNormCpu(CpuContext context, Value node) {
    this.context = context;
    this.node = node;
    this.eps = ((Op.LayerNorm) node.op()).eps();
  }

  @Override
  public String name() {
    return "layer_norm_f32_row";
  }

  @Override
  public Launch bind(Bindings at) {
    context.reserveScratch(LANES);
    var call = new Call(at);
    return call::enqueue;
  }

  /** The kernel with its operands' places. */
  private final class Call {
    private final Place x;
    private final Place scale;
    private final Place shift;
    private final Place y;
    private final int columns = node.shape().dim(-1);
    private final int rows = Math.toIntExact(node.shape().size() / Math.max(1, columns));
    private final int each = Math.max(1, RowMath.CHUNK / Math.max(1, columns));
    private final Workers.Task task = this::rows;

    Call(Bindings at) {
      x = Place.of(at, node.in(0));
      scale = Place.of(at, node.in(1));
      shift = Place.of(at, node.in(2));
      y = Place.of(at, node);
    }

    void enqueue() {
      x.lookUp();
      scale.lookUp();
      shift.lookUp();
      y.lookUp();
      context.workers().run(Math.ceilDiv(rows, each), task);
    }

    private void rows(int index, int thread) {
      var lanes = context.scratch(thread);
      int end = Math.min(rows, (index + 1) * each);
      for (int r = index * each; r < end; r++) {
        row(r * columns, lanes);
      }
    }

    private void row(int at, float[] lanes) {
      var math = context.math();
      var from = x.floats();
      int start = x.start() + at;
      // About the first element, so that a large mean costs no digits.
      float about = from[start];
      double mean = about + math.sum(from, start, columns, about, lanes) / columns;
      float center = (float) mean;
      double off = mean - center;
      double squares = math.squares(from, start, columns, center, lanes) / columns;
      double factor = 1 / Math.sqrt(Math.max(0, squares - off * off) + eps);
      math.normalizeRow(
          from,
          start,
          columns,
          center,
          (float) factor,
          (float) (-off * factor),
          scale.floats(),
          scale.start(),
          shift.floats(),
          shift.start(),
          y.floats(),
          y.start() + at);
    }
  }
}
