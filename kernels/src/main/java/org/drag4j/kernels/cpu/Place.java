package org.drag4j.kernels.cpu;

import org.drag4j.device.Bindings;
import org.drag4j.device.Slot;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.jspecify.annotations.Nullable;

/**
 * Where a kernel finds one of its tensors. Slots are bound anew between runs, so the caller's
 * thread looks them up once a call, before the others start.
 */
final class Place {
  private final @Nullable Slot slot;
  private float[] floats;
  private int start;

  private Place(@Nullable Slot slot, float[] floats) {
    this.slot = slot;
    this.floats = floats;
  }

  /** The place of an activation, or of a weight as floats. */
  static Place of(Bindings at, Value v) {
    return v.root().op() instanceof Op.Weight(var param)
        ? new Place(null, Operands.weights(at).vector(param))
        : new Place(at.slot(v), new float[0]);
  }

  static Place of(Slot slot) {
    return new Place(slot, new float[0]);
  }

  /** Follows the slot to the tensor of this run. */
  void lookUp() {
    if (slot != null) {
      floats = CpuMemory.floats(slot);
      start = CpuMemory.start(slot);
    }
  }

  float[] floats() {
    return floats;
  }

  /** Index of the first element. */
  int start() {
    return start;
  }
}
