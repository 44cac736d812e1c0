package org.drag4j.method;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongFunction;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;

/**
 * Device memory for what a denoiser captures in several steps: keys and values of all
 * self-attentions. A batch of steps is contiguous, so one call can fill several slots.
 */
public final class SiteBank implements AutoCloseable {
  private final DeviceMemory memory;
  private final long size;
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  /**
   * Room for {@code slots} samples of every site.
   *
   * @param sites shapes by site, batch first
   * @param allocate gives memory of so many bytes
   */
  public SiteBank(Map<String, Shape> sites, int slots, LongFunction<DeviceMemory> allocate) {
    long total = 0;
    for (var s : sites.values()) {
      total += bytes(s, slots);
    }
    memory = allocate.apply(total);
    size = total;
    long offset = 0;
    for (var e : sites.entrySet()) {
      var shape = e.getValue().with(0, slots);
      tensors.put(e.getKey(), new Tensor(memory, offset, shape, DType.F32));
      offset += bytes(e.getValue(), slots);
    }
  }

  private static long bytes(Shape site, int slots) {
    return site.with(0, slots).size() * DType.F32.bytes();
  }

  /** Bytes of device memory. */
  public long bytes() {
    return size;
  }

  /** The slots from {@code first} on as one batch of {@code count}, by site. */
  public Map<String, Tensor> slots(int first, int count) {
    var slice = new LinkedHashMap<String, Tensor>();
    tensors.forEach((site, t) -> slice.put(site, t.batch(first, count)));
    return slice;
  }

  @Override
  public void close() {
    memory.close();
  }
}
