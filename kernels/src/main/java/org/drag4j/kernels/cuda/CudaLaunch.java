package org.drag4j.kernels.cuda;

import org.drag4j.device.Bindings;
import org.drag4j.device.Launch;

/**
 * The calls of one node. They are made when it is bound, and again after a slot has been bound to
 * another address: which kernels fit depends on how operands are aligned.
 */
final class CudaLaunch implements Launch {
  private final Prepared kernel;
  private final Bindings bindings;
  private CudaCalls.Made made;

  CudaLaunch(Prepared kernel, Bindings bindings) {
    this.kernel = kernel;
    this.bindings = bindings;
    made = CudaCalls.of(kernel, bindings);
  }

  /** Where the calls found their operands and put their result. */
  CudaPlace[] places() {
    return made.places();
  }

  /** Whether an operand or the result has moved since the calls were made. */
  boolean moved() {
    for (var place : made.places()) {
      if (place.moved()) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void enqueue() {
    if (moved()) {
      made = CudaCalls.of(kernel, bindings);
    }
    var stream = kernel.backend().stream();
    for (var call : made.calls()) {
      stream.launch(call);
    }
  }
}
