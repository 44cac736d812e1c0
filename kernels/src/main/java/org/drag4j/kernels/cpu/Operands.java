package org.drag4j.kernels.cpu;

import org.drag4j.device.Bindings;
import org.drag4j.device.WeightOperands;
import org.drag4j.graph.Value;

/** Weight and bias of a linear layer or convolution, fused or not. */
final class Operands {
  private Operands() {}

  static PackedWeight weight(Value node, Bindings at, int columns, int inner, int taps) {
    return weights(at).packed(WeightOperands.name(node.in(1)), columns, inner, taps);
  }

  /** The bias, or no floats where there is none. */
  static float[] bias(Value node, Bindings at) {
    return node.op().body().arity() > 2
        ? weights(at).vector(WeightOperands.name(node.in(2)))
        : new float[0];
  }

  static CpuWeights weights(Bindings at) {
    return (CpuWeights) at.weights();
  }

  /** A kernel's register tile, as kernel names spell it. */
  static String tile(Gemm gemm) {
    return gemm.tileRows() + "x" + gemm.panelWidth();
  }
}
