package org.drag4j.kernels.cuda;

import java.util.Optional;
import java.util.function.Consumer;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;

/**
 * A chosen kernel: its name, its scratch memory, and what it calls.
 *
 * @param scratchBytes what the calls themselves need
 */
record Prepared(
    CudaBackend backend, Value node, String name, long scratchBytes, Consumer<CudaCalls> work)
    implements Kernel {
  /** An algorithm that needs no scratch memory. */
  static Optional<Kernel> of(
      CudaBackend backend, Value node, String algorithm, Consumer<CudaCalls> work) {
    return of(backend, node, algorithm, 0, work);
  }

  /** An algorithm for a node's operation, as kernel names spell it. */
  static Optional<Kernel> of(
      CudaBackend backend,
      Value node,
      String algorithm,
      long scratchBytes,
      Consumer<CudaCalls> work) {
    var format = backend.activations() == DType.F16 ? "_f16_" : "_f32_";
    var name = node.op().label() + format + algorithm;
    return Optional.of(new Prepared(backend, node, name, scratchBytes, work));
  }

  @Override
  public long workspaceBytes() {
    return scratchBytes == 0 ? 0 : scratchBytes + CudaCalls.ALIGNMENT;
  }

  @Override
  public Launch bind(Bindings at) {
    return new CudaLaunch(this, at);
  }
}
