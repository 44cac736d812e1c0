package org.drag4j.device;

import org.drag4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The place of a plan's value; inputs and outputs may be bound to another tensor between runs. */
public final class Slot {
  /**
   * Memory for the samples of many runs, one behind the other.
   *
   * @param all {@code [samples, ..]}
   * @param first I32 {@code [1]} on the device: number of a run's first sample. Kernels read it
   *     when they run, so that a recording serves every run.
   */
  public record Bank(Tensor all, Tensor first) {}

  private Tensor tensor;
  private @Nullable Bank bank;

  public Slot(Tensor tensor) {
    this.tensor = tensor;
  }

  /** The tensor of the next run: in a bank, the samples of that run. */
  public Tensor tensor() {
    return tensor;
  }

  /** The bank of which the samples are a part; null for a tensor of its own. */
  public @Nullable Bank bank() {
    return bank;
  }

  /** Binds the slot to another tensor. */
  public void rebind(Tensor other) {
    tensor = other;
    bank = null;
  }

  /**
   * Binds the slot to samples of a bank.
   *
   * @param first number of the first sample, which the bank's {@code first} will hold when the next
   *     run begins
   */
  public void rebind(Bank to, int first, int count) {
    tensor = to.all().batch(first, count);
    bank = to;
  }
}
