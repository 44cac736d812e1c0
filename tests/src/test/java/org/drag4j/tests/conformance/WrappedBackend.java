package org.drag4j.tests.conformance;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.device.Bindings;
import org.drag4j.device.Candidate;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Launch;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.WeightSource;

/** A backend whose kernels are bound in another way; everything else is the other backend's. */
class WrappedBackend implements Backend {
  /** Binds {@code kernel} to what {@code at} says, or to something else. */
  @FunctionalInterface
  interface Binder {
    Launch bind(Value node, Kernel kernel, Bindings at);
  }

  private final Backend inner;
  private final Binder binder;

  WrappedBackend(Backend inner, Binder binder) {
    this.inner = inner;
    this.binder = binder;
  }

  @Override
  public String device() {
    return inner.device();
  }

  @Override
  public DeviceMemory allocate(long bytes, String purpose) {
    return inner.allocate(bytes, purpose);
  }

  @Override
  public DeviceWeights weights(WeightSource source) {
    return inner.weights(source);
  }

  @Override
  public Stream<Candidate> candidates(Value node, KernelOptions options) {
    return inner.candidates(node, options).map(c -> c.with(bound(node, c.kernel())));
  }

  @Override
  public Map<String, List<String>> kernels() {
    return inner.kernels();
  }

  private Kernel bound(Value node, Kernel k) {
    return new Kernel() {
      @Override
      public String name() {
        return k.name();
      }

      @Override
      public boolean approximate() {
        return k.approximate();
      }

      @Override
      public long workspaceBytes() {
        return k.workspaceBytes();
      }

      @Override
      public Launch bind(Bindings at) {
        return binder.bind(node, k, at);
      }
    };
  }

  @Override
  public DType activations() {
    return inner.activations();
  }

  @Override
  public void synchronize() {
    inner.synchronize();
  }

  @Override
  public void close() {}
}
