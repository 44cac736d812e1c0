package org.drag4j.kernels.cuda;

import java.util.Locale;
import java.util.Optional;
import org.drag4j.device.Kernel;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.CastArgs;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.tensor.DType;

/** Floats rounded to halves, and halves as floats. */
final class CastCuda {
  private CastCuda() {}

  /** Empty for other types. */
  static Optional<Kernel> select(CudaBackend backend, Value node, String variant) {
    var from = node.in(0).dtype();
    var to = node.dtype();
    boolean known = from == DType.F32 ? to == DType.F16 : from == DType.F16 && to == DType.F32;
    if (!known) {
      return Optional.empty();
    }
    var name = "cast_" + name(to) + "_" + variant + "_from_" + name(from);
    return Optional.of(new Prepared(backend, node, name, 0, CastCuda::cast));
  }

  private static String name(DType type) {
    return type.name().toLowerCase(Locale.ROOT);
  }

  private static void cast(CudaCalls calls) {
    var args = new CastArgs(calls.in(0), calls.out(), calls.node().shape().size());
    calls.add(CudaKernels.CAST.of(calls.node().dtype()), args);
  }
}
