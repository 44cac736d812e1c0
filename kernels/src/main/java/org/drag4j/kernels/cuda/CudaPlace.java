package org.drag4j.kernels.cuda;

import org.drag4j.device.Slot;

/**
 * The place at which calls found the tensor of a slot. Calls that read the number of a bank's
 * sample when they run depend on the bank's address alone, whatever the step.
 */
final class CudaPlace {
  private final Slot slot;
  private final boolean byBank;
  private final boolean banked;
  private final long address;

  /**
   * The present place of a slot's tensor.
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
