package org.drag4j.tests.conformance;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.device.Bindings;
import org.drag4j.device.Candidate;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Launch;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.reference.WrappedBackend;
import org.drag4j.tensor.Tensor;

/** Mistakes that kernels make, to be planted in a backend that works. */
enum Fault {
  /** One element is off by a thousandth. */
  ONE_ELEMENT_OFF("of allowed"),
  /** One element is not written. */
  ONE_ELEMENT_MISSING("NaN"),
  /** One float is written after the end of the output. */
  WRITES_PAST_THE_END("y: written 1 elements after its end"),
  /** One float is written before the start of the output. */
  WRITES_BEFORE_THE_START("y: written 1 elements before its start"),
  /** The input is changed. */
  WRITES_INPUT("input "),
  /** An element depends on what lies behind the input. */
  READS_PAST_THE_END("NaN"),
  /** Elements of an output pile up from run to run. */
  ACCUMULATES("second run"),
  /** The bias is forgotten. */
  NO_BIAS("of allowed");

  private final String shows;

  Fault(String shows) {
    this.shows = shows;
  }

  /** Part of the message of the check that is to find it. */
  String shows() {
    return shows;
  }

  /** {@code inner} with this mistake in every kernel. */
  Backend in(Backend inner) {
    return this == NO_BIAS ? withoutBias(inner) : new WrappedBackend(inner, this::bind);
  }

  private Launch bind(Value node, Kernel kernel, Bindings at) {
    var launch = kernel.bind(at);
    var out = at.slot(node);
    var in = at.slot(node.in(0));
    float[] before = {0};
    return () -> {
      var y = out.tensor();
      int middle = (int) y.shape().size() / 2;
      if (this == ACCUMULATES) {
        launch.enqueue();
        put(y, middle, get(y, middle) + before[0]);
        before[0] += 1;
        return;
      }
      float old = get(y, middle);
      launch.enqueue();
      switch (this) {
        case ONE_ELEMENT_OFF -> put(y, middle, get(y, middle) * 1.001f);
        case ONE_ELEMENT_MISSING -> put(y, middle, old);
        case WRITES_PAST_THE_END -> put(y, y.shape().size(), 0);
        case WRITES_BEFORE_THE_START -> put(y, -1, 0);
        case WRITES_INPUT -> put(in.tensor(), 0, get(in.tensor(), 0) + 1);
        case READS_PAST_THE_END ->
            put(y, middle, get(y, middle) + 0 * get(in.tensor(), in.tensor().shape().size()));
        case ACCUMULATES, NO_BIAS -> throw new IllegalStateException(name());
      }
    };
  }

  private static float get(Tensor t, long index) {
    var x = new float[1];
    t.memory().read(t.offset() + index * Float.BYTES, MemorySegment.ofArray(x));
    return x[0];
  }

  private static void put(Tensor t, long index, float x) {
    t.memory().write(t.offset() + index * Float.BYTES, MemorySegment.ofArray(new float[] {x}));
  }

  private static Backend withoutBias(Backend inner) {
    return new WrappedBackend(inner) {
      @Override
      public Stream<Candidate> candidates(Value node, KernelOptions options) {
        var op = withoutBias(node.op());
        var in = new ArrayList<>(node.inputs());
        if (op.arity() < node.op().arity()) {
          in.remove(2);
        }
        // Equal to the node it stands for, so it is bound to the same memory.
        var changed =
            new Value(node.graph(), node.id(), op, node.path(), in, node.shape(), node.dtype());
        return super.candidates(changed, options);
      }
    };
  }

  private static Op withoutBias(Op op) {
    return switch (op) {
      case Op.Conv2d c -> new Op.Conv2d(c.stride(), c.padBefore(), c.padAfter(), false);
      case Op.Linear _ -> new Op.Linear(false);
      case Op.Fused(var body, var then) -> new Op.Fused(withoutBias(body), then);
      default -> op;
    };
  }
}
