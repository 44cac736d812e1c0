package org.drag4j.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;

/**
 * How a kernel's scratch memory is divided: first its own, then room for operands and the result in
 * the device's format, since any of them may turn out to be a plan's input or output, which are
 * F32.
 *
 * @param inputs where each operand's room starts; -1 where it never needs any
 * @param result where the result's starts; -1 where it never needs any
 */
record Scratch(List<Long> inputs, long result, long bytes) {
  /**
   * What NVIDIA's libraries ask of their workspace, and more than any kernel of ours. Plans align
   * less, so there is room to start later.
   */
  private static final long ALIGNMENT = 256;

  static Scratch of(Prepared kernel) {
    var node = kernel.node();
    long end = aligned(kernel.scratchBytes());
    var inputs = new ArrayList<Long>();
    boolean casts = kernel.backend().activations() == DType.F16;
    for (var v : node.inputs()) {
      if (casts && v.dtype() == DType.F32 && !(root(v).op() instanceof Op.Weight)) {
        inputs.add(end);
        end += aligned(bytes(v));
      } else {
        inputs.add(-1L);
      }
    }
    if (!casts) {
      return new Scratch(inputs, -1, end == 0 ? 0 : end + ALIGNMENT);
    }
    return new Scratch(inputs, end, end + aligned(bytes(node)) + ALIGNMENT);
  }

  /** Where the division begins in a workspace at this address. */
  static long start(long workspace) {
    return aligned(workspace);
  }

  /** What a chain of reshapes is a view of. */
  static Value root(Value v) {
    var root = v;
    while (root.op() instanceof Op.Reshape) {
      root = root.in(0);
    }
    return root;
  }

  private static long bytes(Value v) {
    return Math.multiplyExact(v.shape().size(), DType.F16.bytes());
  }

  private static long aligned(long bytes) {
    return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
  }
}
