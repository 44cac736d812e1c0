package org.drag4j.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import org.drag4j.device.Bindings;
import org.drag4j.device.Launch;
import org.drag4j.device.Slot;
import org.drag4j.graph.Op;
import org.drag4j.kernels.cuda.driver.KernelCall;

/**
 * The calls of one node. They are made when it is bound, and again after a slot has been bound to
 * another address: which kernels fit depends on how operands are aligned.
 */
final class CudaLaunch implements Launch {
  private final Prepared kernel;
  private final Bindings bindings;
  private final Slot[] slots;
  private final long[] addresses;
  private KernelCall[] calls;

  private CudaLaunch(Prepared kernel, Bindings bindings, Slot[] slots, long[] addresses) {
    this.kernel = kernel;
    this.bindings = bindings;
    this.slots = slots;
    this.addresses = addresses;
    moved();
    calls = CudaCalls.of(kernel, bindings);
  }

  static CudaLaunch of(Prepared kernel, Bindings bindings) {
    List<Slot> slots = new ArrayList<>();
    for (var v : kernel.node().inputs()) {
      if (!(Scratch.root(v).op() instanceof Op.Weight)) {
        slots.add(bindings.slot(v));
      }
    }
    slots.add(bindings.slot(kernel.node()));
    return new CudaLaunch(kernel, bindings, slots.toArray(Slot[]::new), new long[slots.size()]);
  }

  /** Notes where the slots are now, and tells whether one was elsewhere. */
  private boolean moved() {
    boolean moved = false;
    for (int i = 0; i < slots.length; i++) {
      long address = CudaMemory.address(slots[i]);
      moved |= address != addresses[i];
      addresses[i] = address;
    }
    return moved;
  }

  @Override
  public void enqueue() {
    if (moved()) {
      calls = CudaCalls.of(kernel, bindings);
    }
    var stream = kernel.backend().stream();
    for (var call : calls) {
      stream.launch(call);
    }
  }
}
