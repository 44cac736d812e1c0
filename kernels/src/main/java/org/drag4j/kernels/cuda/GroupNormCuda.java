package org.drag4j.kernels.cuda;

import java.util.Locale;
import java.util.Optional;
import org.drag4j.device.Kernel;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.kernels.cuda.kernel.Epilogue;
import org.drag4j.kernels.cuda.kernel.GroupNormArgs;

/** Group norm, with the activation after it where there is one. */
final class GroupNormCuda {
  private GroupNormCuda() {}

  /** Empty where anything else than one activation is fused to it. */
  static Optional<Kernel> select(CudaBackend backend, Value node, String variant) {
    Op.GroupNorm norm;
    int fn;
    var also = "";
    switch (node.op()) {
      case Op.GroupNorm plain -> {
        norm = plain;
        fn = Epilogue.FN_NONE;
      }
      case Op.Fused(Op.GroupNorm body, var then)
          when then.size() == 1 && then.getFirst() instanceof Op.Unary(var after) -> {
        norm = body;
        fn = Epilogue.number(after);
        also = "+" + after.name().toLowerCase(Locale.ROOT);
      }
      default -> {
        return Optional.empty();
      }
    }
    int channels = node.shape().dim(-1);
    int images = node.shape().dim(0);
    int positions = Math.toIntExact(node.shape().size() / Math.max(1, (long) images * channels));
    int slabs = CudaKernels.groupNormSlabs(Math.max(1, images), positions);
    long moments = 2L * Float.BYTES * images * slabs * norm.groups();
    return Prepared.of(
        backend,
        node,
        variant + also,
        moments,
        calls -> {
          var args =
              new GroupNormArgs(
                  calls.in(0),
                  0,
                  calls.in(1),
                  calls.in(2),
                  calls.out(),
                  calls.scratch(),
                  images,
                  positions,
                  channels,
                  channels,
                  channels,
                  0,
                  norm.groups(),
                  slabs,
                  norm.eps(),
                  fn);
          calls.add(CudaKernels.GROUP_NORM_MOMENTS.of(calls.type()), args);
          calls.add(CudaKernels.GROUP_NORM_APPLY.of(calls.type()), args);
        });
  }
}
