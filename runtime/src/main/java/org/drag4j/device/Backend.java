package org.drag4j.device;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.ObjLongConsumer;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.WeightSource;
import org.jspecify.annotations.Nullable;

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

  /**
   * Bytes that could be allocated now; empty where the device has no memory of its own to run out
   * of.
   */
  default OptionalLong freeBytes() {
    return OptionalLong.empty();
  }

  /** A place for a network's weights on this device; plans fill it as they need them. */
  DeviceWeights weights(WeightSource source);

  /**
   * The kernel this device would run for the node, or empty when it has none.
   *
   * @throws UnsupportedOpException saying why there is none, where there is more to say than that
   */
  Optional<Kernel> select(Value node, KernelOptions options);

  /**
   * The variants, by the names {@code options} can force, among which this device could choose for
   * the node; its own choice without measurements first. One or none: there is nothing to choose.
   */
  default List<String> variants(Value node, KernelOptions options) {
    return List.of();
  }

  /** What the user should know about how this device is doing; a line each. */
  default List<String> warnings() {
    return List.of();
  }

  /**
   * Element type, F32 or F16, in which floating-point values are kept from one kernel to the next.
   * The node that {@link #select} is given says of each value in which type it is stored.
   */
  default DType activations() {
    return DType.F32;
  }

  /** The launches of a plan, to be enqueued over and over. */
  default Replay replay(List<Launch> launches) {
    var all = List.copyOf(launches);
    return new Replay() {
      @Override
      public void enqueue() {
        // By index: an iterator would be the run's only allocation.
        for (int i = 0; i < all.size(); i++) {
          all.get(i).enqueue();
        }
      }

      @Override
      public void close() {}
    };
  }

  /**
   * What is enqueued from now on counts for this step, or for none: where the device has a clock of
   * its own, it will tell.
   */
  default void measure(@Nullable Step step) {}

  /** Tells once how many nanoseconds each measured step took by the device's clock. */
  default void report(ObjLongConsumer<Step> to) {}

  /** Returns when everything enqueued so far is done. */
  void synchronize();

  @Override
  void close();
}
