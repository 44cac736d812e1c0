package org.drag4j.kernels.cpu;

import org.drag4j.device.Bindings;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;

/** Weight and bias of a linear layer or convolution, fused or not. */
final class Operands {
  private Operands() {}

  /** Whether activations are F32, weight and bias the checkpoint's. */
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

  static PackedWeight weight(Value node, Bindings at, int columns, int inner, int taps) {
    return weights(at).packed(name(node.in(1)), columns, inner, taps);
  }

  /** The bias, or no floats where there is none. */
  static float[] bias(Value node, Bindings at) {
    return node.op().body().arity() > 2 ? weights(at).vector(name(node.in(2))) : new float[0];
  }

  /** Name of a tensor of the checkpoint. */
  static String name(Value weight) {
    if (weight.op() instanceof Op.Weight(var name)) {
      return name;
    }
    throw new IllegalArgumentException(weight + ": expected a weight of the checkpoint");
  }

  static CpuWeights weights(Bindings at) {
    return (CpuWeights) at.weights();
  }

  /** A kernel's register tile, as kernel names spell it. */
  static String tile(Gemm gemm) {
    return gemm.tileRows() + "x" + gemm.panelWidth();
  }
}
