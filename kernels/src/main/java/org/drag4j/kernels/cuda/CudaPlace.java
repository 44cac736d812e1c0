package org.drag4j.kernels.cuda;

import org.drag4j.device.Slot;

/**
 * Where calls found the tensor of a slot. Calls that know banks look for the samples whose turn it
 * is when they run, so to them a bank is where it is whatever the step.
 */
final class CudaPlace {
  private final Slot slot;
  private final boolean byBank;
  private final boolean banked;
  private final long address;

  /**
   * Where it is now.
   *
   * @param byBank whether the calls look for the bank's samples themselves
   */
  CudaPlace(Slot slot, boolean byBank) {
    this.slot = slot;
    this.byBank = byBank;
    banked = slot.bank() != null;
    address = address(slot, byBank);
  }

  Slot slot() {
    return slot;
  }

  boolean byBank() {
    return byBank;
  }

  /**
   * Whether the slot is bound elsewhere now.
   *
   * @throws org.drag4j.device.DeviceException where its memory has been given back
   */
  boolean moved() {
    return banked != (slot.bank() != null) || address != address(slot, byBank);
  }

  private static long address(Slot slot, boolean byBank) {
    var bank = slot.bank();
    return byBank && bank != null
        ? CudaMemory.address(bank.all())
        : CudaMemory.address(slot.tensor());
  }
}
