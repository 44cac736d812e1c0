package org.drag4j.device;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.function.ObjLongConsumer;
import java.util.stream.Stream;
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
   * The ways to compute the node that the options leave open, the preferred one first: what is
   * forced, else what was measured to be fastest, else the device's own choice. Each is made when
   * the stream gets there.
   *
   * @throws UnsupportedOpException saying why there is none, where there is more to say than that
   */
  Stream<Candidate> candidates(Value node, KernelOptions options);

  /**
   * The kernel this device would run for the node, or empty when it has none.
   *
   * @throws UnsupportedOpException saying why there is none, where there is more to say than that
   */
  default Optional<Kernel> select(Value node, KernelOptions options) {
    return candidates(node, options).findFirst().map(Candidate::kernel);
  }

  /**
   * Names of all candidates by the operation's label, whatever the node; empty where there is never
   * a choice.
   */
  default Map<String, List<String>> kernels() {
    return Map.of();
  }

  /**
   * Refuses options that force what this device has not.
   *
   * @throws DeviceException with the list of what there is
   */
  default void check(KernelOptions options) {
    var all = kernels();
    options
        .forced()
        .forEach((op, names) -> {
          var known = all.getOrDefault(op, List.of());
          for (var name : names) {
            if (!known.contains(name)) {
              throw new DeviceException(
                  device()
                      + ": "
                      + KernelOptions.flag(op, name)
                      + ": expected "
                      + (all.isEmpty() ? "none on a device without a choice" : "one of ")
                      + String.join(", ", known.isEmpty() ? new TreeSet<>(all.keySet()) : known)
                      + ", got "
                      + (known.isEmpty() ? op : name));
            }
          }
        });
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
