package org.drag4j.kernels.cuda;

import java.util.Optional;
import org.drag4j.device.Kernel;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.Conv2dArgs;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.kernels.cuda.kernel.Product;

/** Convolutions as implicit matrix products, with what is fused to them. */
final class Conv2dCuda {
  private Conv2dCuda() {}

  /** Empty where the kernels do not have a fused stage. */
  static Optional<Kernel> select(CudaBackend backend, Value node, String variant) {
    if (!(node.op().body() instanceof Op.Conv2d conv)) {
      return Optional.empty();
    }
    return Stages.of(node)
        .flatMap(stages ->
            Prepared.of(backend, node, variant, calls -> convolution(calls, conv, stages)));
  }

  private static void convolution(CudaCalls calls, Op.Conv2d conv, Stages stages) {
    var node = calls.node();
    var x = node.in(0).shape();
    var w = node.in(1).shape();
    var y = node.shape();
    int channels = x.dim(3);
    int m = Math.multiplyExact(y.dim(0), Math.multiplyExact(y.dim(1), y.dim(2)));
    int k = Math.multiplyExact(channels, w.dim(1) * w.dim(2));
    long bias = conv.bias() ? calls.in(2) : 0;
    var p = new Product(calls.out(), bias, 0, stages.at(calls), m, y.dim(3), k, y.dim(3), 1, 1);
    var args =
        new Conv2dArgs(
            p,
            calls.in(0),
            0,
            calls.in(1),
            channels,
            0,
            x.dim(1),
            x.dim(2),
            channels,
            channels,
            w.dim(1),
            w.dim(2),
            conv.stride(),
            conv.padBefore(),
            conv.padBefore(),
            y.dim(1),
            y.dim(2));
    calls.add(CudaKernels.conv2d(calls.type(), args), args);
  }
}
