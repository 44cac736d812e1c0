package org.drag4j.kernels.cpu;

import org.drag4j.device.Bindings;
import org.drag4j.device.Slot;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.jspecify.annotations.Nullable;

/**
 * Weight and bias of a linear layer or convolution. The checkpoint's weight is packed once; any
 * other value is packed into the workspace before every run.
 */
final class Factors {
  private final CpuContext context;
  private final PackedWeight weight;
  private final @Nullable Place value;
  private final @Nullable Slot room;
  private final int roomAt;
  private final @Nullable Place bias;
  private final float[] biases;
  private final Workers.Task packing;

  private Factors(
      CpuContext context,
      PackedWeight weight,
      @Nullable Place value,
      @Nullable Slot room,
      int roomAt,
      @Nullable Place bias) {
    this.context = context;
    this.weight = weight;
    this.value = value;
    this.room = room;
    this.roomAt = roomAt;
    this.bias = bias;
    biases = new float[weight.panels() * weight.panelWidth()];
    packing = (panel, _) -> pack(panel);
  }

  /**
   * Those of a node.
   *
   * @param before bytes of the workspace that the kernel needs for itself
   */
  static Factors of(CpuContext context, Value node, Bindings at, long before) {
    var w = node.in(1);
    if (w.op() instanceof Op.Weight(var param)) {
      var packed = Operands.weights(at).packed(param);
      return new Factors(context, packed, null, null, 0, bias(node, at));
    }
    var packed = PackedWeight.room(context, columns(w), inner(w));
    int start = Math.toIntExact(before / Float.BYTES);
    return new Factors(context, packed, Place.of(at, w), at.workspace(), start, bias(node, at));
  }

  private static @Nullable Place bias(Value node, Bindings at) {
    return node.op().body().arity() > 2 ? Place.of(at, node.in(2)) : null;
  }

  /** Bytes of the workspace that the weight of a node takes. */
  static long workspaceBytes(CpuContext context, Value node) {
    var w = node.in(1);
    return w.op() instanceof Op.Weight
        ? 0
        : (long) Float.BYTES
            * PackedWeight.Layout.of(context.gemm(), columns(w), inner(w), 1).size();
  }

  private static int columns(Value w) {
    return w.shape().dim(0);
  }

  private static int inner(Value w) {
    return Math.toIntExact(w.shape().size() / columns(w));
  }

  PackedWeight weight() {
    return weight;
  }

  boolean biased() {
    return bias != null;
  }

  /** The bias of every column of every panel, zero where there is none; of this run. */
  float[] biases() {
    return biases;
  }

  /** Follows weight and bias to where they are in this run, and packs what is not packed. */
  void prepare() {
    if (bias != null) {
      bias.lookUp();
      System.arraycopy(bias.floats(), bias.start(), biases, 0, weight.columns());
    }
    if (value != null && room != null) {
      value.lookUp();
      weight.move(CpuMemory.floats(room), CpuMemory.start(room) + roomAt);
      context.workers().run(weight.panels(), packing);
    }
  }

  private void pack(int panel) {
    if (value != null) {
      weight.pack(panel, value.floats(), value.start());
    }
  }
}
