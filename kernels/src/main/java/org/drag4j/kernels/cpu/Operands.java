package org.drag4j.kernels.cpu;

import org.drag4j.device.Bindings;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;

/** Operands of a node that are weights of the checkpoint, and how kernels are named. */
final class Operands {
  private Operands() {}

  /** Whether all operands of a node are floats, and it has a result. */
  static boolean floats(Value node) {
    return node.shape().size() > 0 && node.inputs().stream().allMatch(v -> v.dtype() == DType.F32);
  }

  static CpuWeights weights(Bindings at) {
    return (CpuWeights) at.weights();
  }

  /** A kernel's register tile, as kernel names spell it. */
  static String tile(Gemm gemm) {
    return gemm.tileRows() + "x" + gemm.panelWidth();
  }
}
