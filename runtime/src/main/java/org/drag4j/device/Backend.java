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
   * @param purpose of the memory, as an out-of-memory message names it
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

  /** A network's weights on this device; each is packed when a plan first needs it. */
  DeviceWeights weights(WeightSource source);

  /**
   * The ways to compute the node that the options leave open, the preferred one first: forced
   * candidates, else the fastest by measurement, else the device's own choice. The stream is lazy:
   * a candidate is made when it is reached.
   *
   * @throws UnsupportedOpException where there is none and the reason is known
   */
  Stream<Candidate> candidates(Value node, KernelOptions options);

  /**
   * The kernel that this device runs for the node; empty where it has none.
   *
   * @throws UnsupportedOpException where there is none and the reason is known
   */
  default Optional<Kernel> select(Value node, KernelOptions options) {
    return candidates(node, options).findFirst().map(Candidate::kernel);
  }

  /**
   * Names of all candidates for any node, by operation label; empty on a device without a choice.
   */
  default Map<String, List<String>> kernels() {
    return Map.of();
  }

  /**
   * Refuses options that force a candidate that this device does not have.
   *
   * @throws DeviceException with the list of the device's candidates
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

  /** Warnings to the user about the state of this device, a line each. */
  default List<String> warnings() {
    return List.of();
  }

  /**
   * Element type of activations, the floating-point values between kernels: F32 or F16. A node that
   * {@link #select} is given carries the stored type of each value.
   */
  default DType activations() {
    return DType.F32;
  }

  /** A plan's launches, made ready to be enqueued many times. */
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
   * Attributes the work enqueued from now on to a step, or to none, on a device with a clock of its
   * own.
   */
  default void measure(@Nullable Step step) {}

  /** Reports once the nanoseconds of each measured step by the device's clock. */
  default void report(ObjLongConsumer<Step> to) {}

  /** Returns when everything enqueued so far is done. */
  void synchronize();

  @Override
  void close();
}
