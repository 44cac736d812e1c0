package org.drag4j.reference;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
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

/**
 * A backend whose kernels are bound in another way, and of which a subclass may replace more; all
 * else is the other backend's, but launches are enqueued one by one.
 */
public class WrappedBackend implements Backend {
  /** Binds {@code kernel} to what {@code at} says, or to something else. */
  @FunctionalInterface
  public interface Binder {
    /** The work of {@code node}. */
    Launch bind(Value node, Kernel kernel, Bindings at);
  }

  private final Backend inner;
  private final Binder binder;

  /** {@code inner} with kernels bound by {@code binder}. */
  public WrappedBackend(Backend inner, Binder binder) {
    this.inner = inner;
    this.binder = binder;
  }

  /** {@code inner} as it is. */
  public WrappedBackend(Backend inner) {
    this(inner, (_, kernel, at) -> kernel.bind(at));
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
  public OptionalLong freeBytes() {
    return inner.freeBytes();
  }

  @Override
  public DeviceWeights weights(WeightSource source) {
    return inner.weights(source);
  }

  @Override
  public Stream<Candidate> candidates(Value node, KernelOptions options) {
    return inner.candidates(node, options).map(c -> c.with(new Bound(c.kernel(), node, binder)));
  }

  @Override
  public Map<String, List<String>> kernels() {
    return inner.kernels();
  }

  private record Bound(Kernel inner, Value node, Binder binder) implements Kernel {
    @Override
    public String name() {
      return inner.name();
    }

    @Override
    public boolean approximate() {
      return inner.approximate();
    }

    @Override
    public long workspaceBytes() {
      return inner.workspaceBytes();
    }

    @Override
    public Launch bind(Bindings at) {
      return binder.bind(node, inner, at);
    }
  }

  @Override
  public List<String> warnings() {
    return inner.warnings();
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
  public void close() {
    inner.close();
  }
}
