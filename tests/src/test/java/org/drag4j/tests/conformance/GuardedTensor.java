package org.drag4j.tests.conformance;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import org.drag4j.device.Backend;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;

/** A tensor between two bands of sentinels, which are NaN to whoever reads them as numbers. */
final class GuardedTensor {
  private static final int BAND = 64;
  private static final int SENTINEL = 0x7fff7fff;

  private final String name;
  private final Tensor tensor;

  private GuardedTensor(String name, Tensor tensor) {
    this.name = name;
    this.tensor = tensor;
  }

  /** New memory of the device with bands before and after; elements and bands are sentinels. */
  static GuardedTensor allocate(Backend backend, String name, Shape shape, DType dtype) {
    long bytes = 2L * BAND * Integer.BYTES + roundedUp(shape.size() * dtype.bytes());
    var memory = backend.allocate(bytes, name);
    var guarded = new GuardedTensor(name, new Tensor(memory, BAND * 4L, shape, dtype));
    guarded.poison();
    return guarded;
  }

  /** To whole sentinels: the half of one after an odd number of F16 is not watched. */
  private static long roundedUp(long bytes) {
    return Math.ceilDiv(bytes, (long) Integer.BYTES) * Integer.BYTES;
  }

  Tensor tensor() {
    return tensor;
  }

  /** Overwrites elements and bands with sentinels. */
  void poison() {
    var all = new int[(int) (roundedUp(tensor.byteSize()) / Integer.BYTES) + 2 * BAND];
    Arrays.fill(all, SENTINEL);
    tensor.memory().write(0, MemorySegment.ofArray(all));
  }

  /** What was overwritten outside the tensor, if anything was. */
  Optional<String> damage() {
    var all = new int[(int) (roundedUp(tensor.byteSize()) / Integer.BYTES) + 2 * BAND];
    tensor.memory().read(0, MemorySegment.ofArray(all));
    for (int i = 0; i < BAND; i++) {
      if (all[BAND - 1 - i] != SENTINEL) {
        return Optional.of(name + ": written " + (i + 1) + " elements before its start");
      }
      if (all[all.length - BAND + i] != SENTINEL) {
        return Optional.of(name + ": written " + (i + 1) + " elements after its end");
      }
    }
    return Optional.empty();
  }

  /** The elements' bits. */
  int[] bits() {
    var x = new int[(int) tensor.shape().size()];
    tensor.memory().read(tensor.offset(), MemorySegment.ofArray(x));
    return x;
  }

  void close() {
    tensor.memory().close();
  }
}
