package org.drag4j.device;

import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;

/** The operands of an operation that multiplies activations with a checkpoint's weights. */
public final class WeightOperands {
  private WeightOperands() {}

  /** Whether activations are F32, weight and bias the checkpoint's. */
  public static boolean fit(Value node) {
    if (node.in(0).dtype() != DType.F32 || node.shape().size() == 0) {
      return false;
    }
    for (int i = 1; i < node.op().body().arity(); i++) {
      if (!(node.in(i).op() instanceof Op.Weight)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Name of a tensor of the checkpoint.
   *
   * @throws IllegalArgumentException where the value is none
   */
  public static String name(Value weight) {
    if (weight.op() instanceof Op.Weight(var name)) {
      return name;
    }
    throw new IllegalArgumentException(weight + ": expected a weight of the checkpoint");
  }
}
