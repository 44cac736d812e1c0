package org.drag4j.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.Epilogue;
import org.drag4j.tensor.Broadcast;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;

/**
 * The elementwise stages of a fused product.
 *
 * @param stages each as the kernels take it, once the addresses are known
 */
record Stages(List<Function<CudaCalls, Epilogue.Stage>> stages) {
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

  private static Optional<Broadcast.Rows> rows(Value v, Shape result) {
    return v.dtype() == DType.I32 ? Optional.empty() : Broadcast.rows(result, v.shape());
  }

  /** The stages as kernels take them. */
  Epilogue at(CudaCalls calls) {
    return Epilogue.of(stages.stream().map(s -> s.apply(calls)).toList());
  }
}
