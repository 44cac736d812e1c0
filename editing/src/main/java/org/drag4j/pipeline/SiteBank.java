package org.drag4j.pipeline;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongFunction;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;

/**
 * Device memory for the keys and values that a denoiser captures in several steps, a slot for each
 * step. Slots of one site are contiguous, so a batch can fill several.
 */
public final class SiteBank implements AutoCloseable {
  /**
   * The slots that one call of a denoiser fills or reads.
   *
   * @param banks all slots of every site, {@code [slots, ..]}
   * @param first the first of them
   */
  public record Slots(Map<String, Tensor> banks, int first) {
    /** None, for a denoiser that neither captures nor injects. */
    public static final Slots NONE = new Slots(Map.of(), 0);

    public Slots {
      banks = Map.copyOf(banks);
    }
  }

  private final DeviceMemory memory;
  private final long size;
  private final Map<String, Tensor> tensors;

  /**
   * Room for {@code slots} samples of every site.
   *
   * @param sites shapes by site, batch first
   * @param dtype element type on the device
   * @param allocate gives a number of bytes of memory
   */
  public SiteBank(
      Map<String, Shape> sites, DType dtype, int slots, LongFunction<DeviceMemory> allocate) {
    size = bytes(sites, dtype, slots);
    memory = allocate.apply(size);
    var placed = new LinkedHashMap<String, Tensor>();
    long offset = 0;
    for (var e : sites.entrySet()) {
      var tensor = new Tensor(memory, offset, e.getValue().with(0, slots), dtype);
      placed.put(e.getKey(), tensor);
      offset += tensor.byteSize();
    }
    tensors = Map.copyOf(placed);
  }

  /** Bytes that a bank takes. */
  public static long bytes(Map<String, Shape> sites, DType dtype, int slots) {
    return sites.values().stream()
        .mapToLong(s -> Math.multiplyExact(s.with(0, slots).size(), dtype.bytes()))
        .sum();
  }

  /** Bytes of device memory. */
  public long bytes() {
    return size;
  }

  /** The slots from {@code first} on. */
  public Slots from(int first) {
    return new Slots(tensors, first);
  }

  @Override
  public void close() {
    memory.close();
  }
}
