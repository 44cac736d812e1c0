package org.drag4j.kernels.opencl;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.drag4j.device.Bindings;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.Broadcast;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;

/**
 * The elementwise stages of a fused operation, as the kernels take them: four bits a stage, and an
 * operand for each binary one.
 *
 * @param stages the first in the lowest bits
 */
record Epilogue(int stages, List<Operand> operands) {
  /** The number by which kernels know the function that changes nothing but, perhaps, the type. */
  static final int IDENTITY = 0;

  /** Stages that fit into an int. */
  private static final int MAX_STAGES = 7;

  /** Operands for which the kernels have arguments. */
  private static final int MAX_OPERANDS = 3;

  private static final Epilogue NONE = new Epilogue(0, List.of());

  /** What row r of the result meets: row {@code r / repeat % rows} of {@code value}. */
  record Operand(Value value, int repeat, int rows) {}

  /** The stages after a node's body; empty where the kernels cannot do them. */
  static Optional<Epilogue> of(Value node) {
    if (!(node.op() instanceof Op.Fused(var body, var then))) {
      return Optional.of(NONE);
    }
    if (then.size() > MAX_STAGES) {
      return Optional.empty();
    }
    int stages = 0;
    var operands = new ArrayList<Operand>();
    int used = body.arity();
    for (int i = 0; i < then.size(); i++) {
      int code;
      if (then.get(i) instanceof Op.Unary(var fn)) {
        code = code(fn);
      } else if (then.get(i) instanceof Op.Binary(var fn)) {
        var operand = operand(node.in(used++), node.shape());
        if (operand.isEmpty()) {
          return Optional.empty();
        }
        operands.add(operand.get());
        code = code(fn);
      } else {
        return Optional.empty();
      }
      stages |= code << (4 * i);
    }
    return operands.size() > MAX_OPERANDS
        ? Optional.empty()
        : Optional.of(new Epilogue(stages, List.copyOf(operands)));
  }

  /** The number by which kernels know a function. */
  static int code(Op.UnaryFn fn) {
    return switch (fn) {
      case SILU -> 1;
      case GELU -> 2;
      case QUICK_GELU -> 3;
    };
  }

  /** The number by which kernels know a function. */
  static int code(Op.BinaryFn fn) {
    return switch (fn) {
      case ADD -> 4;
      case MUL -> 5;
    };
  }

  private static Optional<Operand> operand(Value v, Shape result) {
    var shape = v.shape();
    if (v.dtype() == DType.I32) {
      return Optional.empty();
    }
    return Broadcast.rows(result, shape).map(r -> new Operand(v, r.repeat(), r.rows()));
  }

  /** Appends the arguments that STAGES_PARAMS in common.cl declares. */
  Call.Builder addTo(Call.Builder call, Bindings at) {
    call.arg(stages);
    for (int i = 0; i < MAX_OPERANDS; i++) {
      if (i < operands.size()) {
        var o = operands.get(i);
        call.slot(Operands.slot(at, o.value())).arg(o.repeat()).arg(o.rows());
      } else {
        call.absent().arg(1).arg(1);
      }
    }
    return call;
  }
}
