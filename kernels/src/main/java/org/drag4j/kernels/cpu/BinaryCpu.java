package org.drag4j.kernels.cpu;

import java.util.Collections;
import java.util.Optional;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.Broadcast;

/** An elementwise function of two operands, the second broadcast to the first. */
final class BinaryCpu implements Kernel {
  private final CpuContext context;
  private final Value node;
  private final Op.BinaryFn fn;

  private BinaryCpu(CpuContext context, Value node, Op.BinaryFn fn) {
    this.context = context;
    this.node = node;
    this.fn = fn;
  }

  static Optional<Kernel> select(CpuContext context, Value node) {
    return node.op() instanceof Op.Binary(var fn)
        ? Optional.of(new BinaryCpu(context, node, fn))
        : Optional.empty();
  }

  @Override
  public String name() {
    return "binary_f32_row";
  }

  @Override
  public Launch bind(Bindings at) {
    var call = new Call(at);
    return call::enqueue;
  }

  /** The kernel with its operands' places. */
  private final class Call {
    private final Place a;
    private final Place b;
    private final Place y;
    private final int run;
    private final boolean broadcast;
    private final Broadcast.Loop[] outer;
    private final int pieces;
    private final int runs;
    private final int each;
    private final Workers.Task task = (index, _) -> runs(index);

    Call(Bindings at) {
      a = Place.of(at, node.in(0));
      b = Place.of(at, node.in(1));
      y = Place.of(at, node);
      var loops = Broadcast.loops(node.shape(), node.in(1).shape());
      var inner = loops.removeFirst();
      run = Math.toIntExact(inner.count());
      broadcast = inner.stride() == 0;
      Collections.reverse(loops);
      outer = loops.toArray(Broadcast.Loop[]::new);
      runs = Math.toIntExact(node.shape().size() / Math.max(1, run));
      pieces = Math.ceilDiv(run, RowMath.CHUNK);
      each = Math.max(1, RowMath.CHUNK / Math.max(1, run));
    }

    void enqueue() {
      a.lookUp();
      b.lookUp();
      y.lookUp();
      context.workers().run(Math.ceilDiv(runs, each) * pieces, task);
    }

    /** Some short runs or a piece of a long one. */
    private void runs(int index) {
      int from = index % pieces * RowMath.CHUNK;
      int count = Math.min(RowMath.CHUNK, run - from);
      int first = index / pieces * each;
      int end = Math.min(runs, first + each);
      for (int r = first; r < end; r++) {
        run(r * run + from, operand(r) + (broadcast ? 0 : from), count);
      }
    }

    private void run(int at, int operand, int count) {
      var math = context.math();
      int from = a.start() + at;
      int to = y.start() + at;
      if (broadcast) {
        math.binary(fn, a.floats(), from, b.floats()[operand], y.floats(), to, count);
      } else {
        math.binary(fn, a.floats(), from, b.floats(), operand, y.floats(), to, count);
      }
    }

    /** Index of the second operand at the start of run r. */
    private int operand(int r) {
      long index = b.start();
      long left = r;
      for (int i = outer.length - 1; i >= 0; i--) {
        var loop = outer[i];
        index += left % loop.count() * loop.stride();
        left /= loop.count();
      }
      return (int) index;
    }
  }
}
