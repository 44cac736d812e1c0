package org.drag4j.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.Epilogue;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;

/**
 * The elementwise stages of a fused product.
 *
 * @param stages each as the kernels take it, once the addresses are known
 */
record Stages(List<Function<CudaCalls, Epilogue.Stage>> stages) {
  /** Rows of an operand: row r of the result takes row {@code r / repeat % rows}. */
  private record Rows(int repeat, int rows) {}

  /** The stages after a node's body; empty where the kernels cannot do them. */
  static Optional<Stages> of(Value node) {
    var stages = new ArrayList<Function<CudaCalls, Epilogue.Stage>>();
    if (node.op() instanceof Op.Fused(var body, var then)) {
      if (then.size() > Epilogue.MAX_STAGES) {
        return Optional.empty();
      }
      int used = body.arity();
      for (var op : then) {
        if (op instanceof Op.Unary(var fn)) {
          stages.add(_ -> Epilogue.Stage.of(fn));
        } else if (op instanceof Op.Binary(var fn)) {
          int input = used++;
          var rows = rows(node.in(input), node.shape());
          if (rows.isEmpty()) {
            return Optional.empty();
          }
          var r = rows.get();
          stages.add(calls -> Epilogue.Stage.of(fn, calls.in(input), r.repeat(), r.rows()));
        } else {
          return Optional.empty();
        }
      }
    }
    return Optional.of(new Stages(List.copyOf(stages)));
  }

  /**
   * An operand all of whose dimensions of its own are next to each other, the last one among them:
   * {@code [C]}, {@code [T, C]}, {@code [N, 1, 1, C]}, the result's own shape.
   */
  private static Optional<Rows> rows(Value v, Shape result) {
    var shape = v.shape();
    if (v.dtype() != DType.F32 || shape.rank() == 0 || shape.dim(-1) != result.dim(-1)) {
      return Optional.empty();
    }
    long repeat = 1;
    long rows = 1;
    boolean beyond = false;
    for (int i = 2; i <= result.rank(); i++) {
      int mine = i <= shape.rank() ? shape.dim(-i) : 1;
      int all = result.dim(-i);
      if (mine == all && (all == 1 || !beyond)) {
        rows *= all;
      } else if (mine == 1 && rows == 1) {
        repeat *= all;
      } else if (mine == 1) {
        beyond = true;
      } else {
        return Optional.empty();
      }
    }
    return Optional.of(new Rows(Math.toIntExact(repeat), Math.toIntExact(rows)));
  }

  /** As kernels take them. */
  Epilogue at(CudaCalls calls) {
    return Epilogue.of(stages.stream().map(s -> s.apply(calls)).toList());
  }
}
