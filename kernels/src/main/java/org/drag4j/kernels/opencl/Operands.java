package org.drag4j.kernels.opencl;

import org.drag4j.device.Bindings;
import org.drag4j.device.Slot;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Tensor;

/** Operands of a node, weights among them. */
final class Operands {
  private Operands() {}

  /** Whether activations are floating point, weight and bias the checkpoint's. */
  static boolean fit(Value node) {
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

  /** Where a value is: an activation's slot, or that of a weight as floats. */
  static Slot slot(Bindings at, Value v) {
    var root = v;
    while (root.op() instanceof Op.Reshape) {
      root = root.in(0);
    }
    if (root.op() instanceof Op.Weight(var name)) {
      var stored = weights(at).vector(name);
      return new Slot(new Tensor(stored.memory(), 0, root.shape(), stored.dtype()));
    }
    return at.slot(v);
  }

  /** Name of a tensor of the checkpoint. */
  static String name(Value weight) {
    if (weight.op() instanceof Op.Weight(var name)) {
      return name;
    }
    throw new IllegalArgumentException(weight + ": expected a weight of the checkpoint");
  }

  static OpenClWeights weights(Bindings at) {
    return (OpenClWeights) at.weights();
  }
}
