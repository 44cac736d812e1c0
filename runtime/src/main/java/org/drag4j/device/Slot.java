package org.drag4j.device;

import org.drag4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Where a value of a plan is; inputs and outputs may be bound to another tensor between runs. */
public final class Slot {
  /**
   * Memory for the samples of many runs, one behind the other.
   *
   * @param all {@code [samples, ..]}
   * @param first I32 {@code [1]} of the device: the sample with which a run begins. It is read when
   *     a kernel runs, so that work recorded once serves every run.
   */
  public record Bank(Tensor all, Tensor first) {}

  private Tensor tensor;
  private @Nullable Bank bank;

  public Slot(Tensor tensor) {
    this.tensor = tensor;
  }

  /** The tensor of the next run; of a bank, those samples that are its turn. */
  public Tensor tensor() {
    return tensor;
  }

  /** The bank this is a part of, or null where it is a tensor of its own. */
  public @Nullable Bank bank() {
    return bank;
  }

  /** Puts another tensor here. */
  public void rebind(Tensor other) {
    tensor = other;
    bank = null;
  }

  /**
   * Puts samples of a bank here.
   *
   * @param first what the bank's {@code first} holds when the next run begins
   */
  public void rebind(Bank to, int first, int count) {
    tensor = to.all().batch(first, count);
    bank = to;
  }
}
