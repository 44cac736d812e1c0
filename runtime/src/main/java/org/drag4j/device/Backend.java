package org.drag4j.device;

import java.util.List;
import java.util.Optional;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.WeightSource;

/** One open device. One thread at a time uses it. */
public interface Backend extends AutoCloseable {
  /** The device's name: {@code cpu}, {@code cuda:0}. */
  String device();

  /**
   * Memory of at least {@code bytes}, zeroed.
   *
   * @param purpose who asks, as an out-of-memory message names it
   * @throws DeviceMemoryException where there is not enough
   */
  DeviceMemory allocate(long bytes, String purpose);

  /** A place for a network's weights on this device; plans fill it as they need them. */
  DeviceWeights weights(WeightSource source);

  /** The kernel this device would run for the node, or empty when it has none. */
  Optional<Kernel> select(Value node, KernelOptions options);

  /** What the user should know about how this device is doing; a line each. */
  default List<String> warnings() {
    return List.of();
  }

  /** Returns when everything enqueued so far is done. */
  void synchronize();

  @Override
  void close();
}
