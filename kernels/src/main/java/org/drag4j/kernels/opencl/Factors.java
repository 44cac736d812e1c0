package org.drag4j.kernels.opencl;

import java.util.Optional;
import org.drag4j.device.Bindings;
import org.drag4j.device.Launch;
import org.drag4j.device.Slot;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;

/**
 * Weight and bias of a linear layer or convolution. The checkpoint's weight is packed once; any
 * other value is packed into the workspace before every run.
 *
 * @param weight where the panels are
 * @param packing what makes them before every run
 */
record Factors(Slot weight, Optional<Call> packing, Optional<Slot> bias) {
  /** Inner numbers a work-item packs: 64 rows of them stay in the first-level cache. */
  private static final int PACKED_TOGETHER = 16;

  /** Parts of the workspace start on cache lines. */
  private static final long ALIGNMENT = 64;

  /**
   * Those of a node.
   *
   * @param width of the panels
   * @param before bytes of the workspace that the kernel needs for itself
   */
  static Factors of(OpenClContext context, Value node, Bindings at, int width, long before) {
    var w = node.in(1);
    if (w.op() instanceof Op.Weight(var param)) {
      var packed = Operands.weights(at).packed(param, width).slot();
      return new Factors(packed, Optional.empty(), bias(node, at));
    }
    var x = Operands.slot(at, w);
    var room = at.workspace().tensor();
    int columns = columns(w);
    int inner = inner(w);
    var packed =
        new Slot(
            new Tensor(
                room.memory(),
                room.offset() + aligned(before),
                Shape.of(Math.ceilDiv(columns, width), inner, width),
                w.dtype()));
    var packing = pack(context, x, packed, columns, inner, 1, width);
    return new Factors(packed, Optional.of(packing), bias(node, at));
  }

  private static Optional<Slot> bias(Value node, Bindings at) {
    return node.op().body().arity() > 2
        ? Optional.of(Operands.slot(at, node.in(2)))
        : Optional.empty();
  }

  /** Bytes of the workspace, those that the kernel needs for itself included. */
  static long workspaceBytes(Value node, int width, long before) {
    var w = node.in(1);
    if (w.op() instanceof Op.Weight) {
      return before;
    }
    long panels = Math.ceilDiv(columns(w), width);
    return aligned(before) + panels * width * inner(w) * w.dtype().bytes();
  }

  private static int columns(Value w) {
    return w.shape().dim(0);
  }

  private static int inner(Value w) {
    return Math.toIntExact(w.shape().size() / columns(w));
  }

  private static long aligned(long bytes) {
    return Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
  }

  /** What packs a matrix {@code [columns][inner][taps]}. */
  static Call pack(
      OpenClContext context, Slot from, Slot to, int columns, int inner, int taps, int width) {
    var variant = context.variant();
    int each = variant == Variant.PANEL ? PACKED_TOGETHER : 1;
    boolean wide = from.tensor().dtype() == DType.F32;
    return Call.of(context, "pack", variant, wide ? "pack_32" : "pack_16")
        .slot(from)
        .slot(to)
        .arg(columns)
        .arg(inner)
        .arg(taps)
        .arg(width)
        .arg(each)
        .over(Math.ceilDiv(inner, each), Math.ceilDiv(columns, width));
  }

  /** Appends weight and bias as kernels take them. */
  Call.Builder addTo(Call.Builder call) {
    call.slot(weight);
    return bias.map(b -> call.slot(b).arg(1)).orElseGet(() -> call.absent().arg(0));
  }

  /** Packs what is to be packed, then does the rest. */
  Launch before(Launch rest) {
    return packing
        .<Launch>map(pack ->
            () -> {
              pack.run();
              rest.enqueue();
            })
        .orElse(rest);
  }
}
