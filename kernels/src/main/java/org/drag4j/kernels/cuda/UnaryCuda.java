package org.drag4j.kernels.cuda;

import java.util.Optional;
import org.drag4j.device.Kernel;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.kernels.cuda.kernel.Epilogue;
import org.drag4j.kernels.cuda.kernel.UnaryArgs;

/** Elementwise functions. */
final class UnaryCuda {
  private UnaryCuda() {}

  static Optional<Kernel> select(CudaBackend backend, Value node, String variant) {
    if (!(node.op() instanceof Op.Unary(var fn))) {
      return Optional.empty();
    }
    return Prepared.of(
        backend,
        node,
        variant,
        calls ->
            calls.add(
                CudaKernels.UNARY.of(calls.type()),
                new UnaryArgs(calls.in(0), calls.out(), node.shape().size(), Epilogue.number(fn))));
  }
}
