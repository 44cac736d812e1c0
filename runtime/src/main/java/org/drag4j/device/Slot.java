package org.drag4j.device;

import org.drag4j.tensor.Tensor;

/** Where a value of a plan is; inputs and outputs may be bound to another tensor between runs. */
public final class Slot {
  private Tensor tensor;

  public Slot(Tensor tensor) {
    this.tensor = tensor;
  }

  /** The tensor of the next run. */
  public Tensor tensor() {
    return tensor;
  }

  /** Puts another tensor here. */
  public void rebind(Tensor other) {
    tensor = other;
  }
}
