package org.drag4j.kernels.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.drag4j.device.Bindings;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.Broadcast;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.jspecify.annotations.Nullable;

/** The elementwise stages of a fused operation, done on a tile while it is in the cache. */
final class Epilogue {
  /** One stage, not yet bound to memory. */
  sealed interface Stage {
    /** An elementwise function. */
    record Unary(Op.UnaryFn fn) implements Stage {}

    /**
     * A sum or product with an operand: row r of the result takes the operand's row {@code r /
     * repeat % rows}.
     */
    record Binary(Op.BinaryFn fn, Value operand, int repeat, int rows) implements Stage {}
  }

  private final RowMath math;
  private final int columns;
  private final Bound[] stages;

  /** A stage with its operand's place; {@code values} and {@code start} change from run to run. */
  private static final class Bound {
    private final Stage stage;
    private final @Nullable Place operand;
    private float[] values = new float[0];
    private int start;

    Bound(Stage stage, @Nullable Place operand) {
      this.stage = stage;
      this.operand = operand;
    }
  }

  private Epilogue(RowMath math, int columns, Bound[] stages) {
    this.math = math;
    this.columns = columns;
    this.stages = stages;
  }

  /** The stages after a node's body; empty where one cannot be done row by row. */
  static Optional<List<Stage>> stages(Value node) {
    if (!(node.op() instanceof Op.Fused(var body, var then))) {
      return Optional.of(List.of());
    }
    var stages = new ArrayList<Stage>();
    int used = body.arity();
    for (var op : then) {
      if (op instanceof Op.Unary(var fn)) {
        stages.add(new Stage.Unary(fn));
      } else if (op instanceof Op.Binary(var fn)) {
        var stage = binary(fn, node.in(used++), node.shape());
        if (stage.isEmpty()) {
          return Optional.empty();
        }
        stages.add(stage.get());
      } else {
        return Optional.empty();
      }
    }
    return Optional.of(List.copyOf(stages));
  }

  private static Optional<Stage> binary(Op.BinaryFn fn, Value operand, Shape result) {
    var shape = operand.shape();
    if (operand.dtype() != DType.F32) {
      return Optional.empty();
    }
    return Broadcast.rows(result, shape)
        .map(r -> new Stage.Binary(fn, operand, r.repeat(), r.rows()));
  }

  /** The stages, for results of {@code columns} columns, with their operands' places. */
  static Epilogue bind(RowMath math, List<Stage> stages, int columns, Bindings at) {
    var bound = new Bound[stages.size()];
    for (int i = 0; i < bound.length; i++) {
      bound[i] =
          switch (stages.get(i)) {
            case Stage.Unary u -> new Bound(u, null);
            case Stage.Binary b -> new Bound(b, Place.of(at, b.operand()));
          };
    }
    return new Epilogue(math, columns, bound);
  }

  /** Looks up where the operands are in this run. */
  void prepare() {
    for (var s : stages) {
      if (s.operand != null) {
        s.operand.lookUp();
        s.values = s.operand.floats();
        s.start = s.operand.start();
      }
    }
  }

  /**
   * Does all stages on columns {@code left} to {@code left + width} of {@code count} rows from row
   * {@code top} on, in a result that starts at {@code start}.
   */
  void apply(float[] result, int start, int top, int count, int left, int width) {
    for (var s : stages) {
      for (int r = top; r < top + count; r++) {
        apply(s, result, start + r * columns + left, r, left, width);
      }
    }
  }

  private void apply(Bound s, float[] result, int at, int row, int left, int width) {
    switch (s.stage) {
      case Stage.Unary u -> math.unary(u.fn(), result, at, width);
      case Stage.Binary b -> {
        int operand = s.start + row / b.repeat() % b.rows() * columns + left;
        switch (b.fn()) {
          case ADD -> math.add(result, at, s.values, operand, width);
          case MUL -> math.multiply(result, at, s.values, operand, width);
        }
      }
    }
  }
}
