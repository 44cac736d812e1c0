package org.drag4j.kernels.cuda;

import java.util.Optional;
import java.util.function.Consumer;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
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
  /** What {@link #of} calls the variant of an operation that has only one. */
  static final String PLAIN = "plain";

  /** A variant that needs no scratch memory; empty where the options exclude it. */
  static Optional<Kernel> of(
      CudaBackend backend,
      Value node,
      String variant,
      KernelOptions options,
      Consumer<CudaCalls> work) {
    return of(backend, node, variant, options, 0, work);
  }

  /** A variant of an operation; empty where the options exclude it. */
  static Optional<Kernel> of(
      CudaBackend backend,
      Value node,
      String variant,
      KernelOptions options,
      long scratchBytes,
      Consumer<CudaCalls> work) {
    var label = node.op().label();
    if (!options.allows(label, variant)) {
      return Optional.empty();
    }
    var name = label + "_" + (backend.activations() == DType.F16 ? "f16_" : "f32_") + variant;
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
