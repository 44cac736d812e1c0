package org.drag4j.kernels.cpu;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.Shape;

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
    return fn.name().toLowerCase(Locale.ROOT) + "_f32_row";
  }

  /**
   * One loop of the nest left when neighbouring dimensions are joined that the second operand
   * either both has or both lacks.
   *
   * @param stride of the second operand; 0 where it is broadcast
   */
  private record Loop(int count, int stride) {}

  /** Loops for {@code b} broadcast to {@code a}, innermost first; at least one. */
  private static List<Loop> loops(Shape a, Shape b) {
    var loops = new ArrayList<Loop>();
    int stride = 1;
    for (int i = 1; i <= a.rank(); i++) {
      int count = a.dim(-i);
      boolean has = i <= b.rank() && b.dim(-i) != 1;
      if (count == 1) {
        continue;
      }
      var inner = loops.isEmpty() ? null : loops.getLast();
      if (inner != null && (inner.stride() != 0) == has) {
        loops.set(loops.size() - 1, new Loop(inner.count() * count, inner.stride()));
      } else {
        loops.add(new Loop(count, has ? stride : 0));
      }
      if (has) {
        stride *= count;
      }
    }
    if (loops.isEmpty()) {
      loops.add(new Loop(1, 1));
    }
    return loops;
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
    private final Loop[] outer;
    private final int pieces;
    private final int runs;
    private final int each;
    private final Workers.Task task = (index, _) -> runs(index);

    Call(Bindings at) {
      a = Place.of(at, node.in(0));
      b = Place.of(at, node.in(1));
      y = Place.of(at, node);
      var loops = loops(node.shape(), node.in(1).shape());
      var inner = loops.removeFirst();
      run = inner.count();
      broadcast = inner.stride() == 0;
      Collections.reverse(loops);
      outer = loops.toArray(Loop[]::new);
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
      int index = b.start();
      int left = r;
      for (int i = outer.length - 1; i >= 0; i--) {
        var loop = outer[i];
        index += left % loop.count() * loop.stride();
        left /= loop.count();
      }
      return index;
    }
  }
}
