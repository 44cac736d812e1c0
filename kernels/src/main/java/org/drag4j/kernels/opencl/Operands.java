package org.drag4j.kernels.opencl;

import org.drag4j.device.Bindings;
import org.drag4j.device.Slot;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;

/** Operands of a node, weights among them. */
final class Operands {
  private Operands() {}

  /** Where a value is: an activation's slot, or that of a weight as floats. */
  static Slot slot(Bindings at, Value v) {
    return v.root().op() instanceof Op.Weight(var param)
        ? weights(at).vector(param).slot()
        : at.slot(v);
  }

  /** Whether all operands of a node are floating-point numbers, and it has a result. */
  static boolean floating(Value node) {
    return node.shape().size() > 0
        && node.inputs().stream().allMatch(v -> v.dtype() == DType.F32 || v.dtype() == DType.F16);
  }

  static OpenClWeights weights(Bindings at) {
    return (OpenClWeights) at.weights();
  }
}
