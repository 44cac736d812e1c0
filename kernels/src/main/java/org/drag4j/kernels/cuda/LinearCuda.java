package org.drag4j.kernels.cuda;

import java.util.Optional;
import org.drag4j.device.Kernel;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.kernels.cuda.kernel.GemmArgs;
import org.drag4j.kernels.cuda.kernel.Product;

/** Linear layers, with what is fused to them. */
final class LinearCuda {
  private LinearCuda() {}

  /** Empty where the kernels do not have a fused stage. */
  static Optional<Kernel> select(CudaBackend backend, Value node, String variant) {
    return Stages.of(node)
        .flatMap(stages -> Prepared.of(backend, node, variant, calls -> product(calls, stages)));
  }

  private static void product(CudaCalls calls, Stages stages) {
    var node = calls.node();
    int n = node.in(1).shape().dim(0);
    int k = node.in(1).shape().dim(1);
    int m = Math.toIntExact(node.shape().size() / n);
    long bias = node.op().body().arity() > 2 ? calls.in(2) : 0;
    var bank = calls.bankOut();
    long y = bank.map(CudaCalls.Banked::all).orElseGet(calls::out);
    var p = new Product(y, bias, 0, stages.at(calls), m, n, k, n, 1, 1);
    var args =
        new GemmArgs(
            p,
            calls.in(0),
            calls.in(1),
            0,
            0,
            0,
            bank.map(CudaCalls.Banked::first).orElse(0L),
            bank.map(CudaCalls.Banked::sample).orElse(0L),
            k,
            k,
            1);
    calls.add(CudaKernels.gemmNt(calls.type(), args), args);
  }
}
