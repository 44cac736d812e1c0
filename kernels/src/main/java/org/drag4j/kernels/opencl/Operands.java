package org.drag4j.kernels.opencl;

import org.drag4j.device.Bindings;
import org.drag4j.device.Slot;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.Tensor;

/** Operands of a node, weights among them. */
final class Operands {
  private Operands() {}

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

  static OpenClWeights weights(Bindings at) {
    return (OpenClWeights) at.weights();
  }
}
