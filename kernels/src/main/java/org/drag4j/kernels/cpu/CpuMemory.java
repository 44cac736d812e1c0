package org.drag4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import org.drag4j.device.DeviceMemoryException;
import org.drag4j.device.Slot;
import org.drag4j.tensor.DeviceMemory;

/**
 * Memory as one {@code float[]}: C2 compiles array kernels dependably, segment kernels by luck. I32
 * elements are kept as the bits of a float.
 */
final class CpuMemory implements DeviceMemory {
  private final Reclaim reclaim;
  private float[] floats;

  private CpuMemory(Reclaim reclaim, float[] floats) {
    this.reclaim = reclaim;
    this.floats = floats;
  }

  static CpuMemory allocate(Reclaim reclaim, long bytes, String purpose) {
    reclaim.beforeAllocating(bytes);
    long count = (bytes + Float.BYTES - 1) / Float.BYTES;
    try {
      return new CpuMemory(reclaim, new float[Math.toIntExact(count)]);
    } catch (ArithmeticException | OutOfMemoryError e) {
      throw new DeviceMemoryException(
          "cpu: "
              + purpose
              + ": asked for "
              + (bytes >> 20)
              + " MB, the Java heap has "
              + (free() >> 20)
              + " MB left of "
              + (Runtime.getRuntime().maxMemory() >> 20)
              + " MB; try a smaller picture or DRAG4J_JAVA_OPTS=-Xmx with more",
          e);
    }
  }

  private static long free() {
    var r = Runtime.getRuntime();
    return r.maxMemory() - r.totalMemory() + r.freeMemory();
  }

  /** The array behind a slot. */
  static float[] floats(Slot slot) {
    return ((CpuMemory) slot.tensor().memory()).floats;
  }

  /** Index of a slot's first element in its array. */
  static int start(Slot slot) {
    return (int) (slot.tensor().offset() / Float.BYTES);
  }

  @Override
  public String device() {
    return CpuProvider.DEVICE;
  }

  @Override
  public long byteSize() {
    return (long) floats.length * Float.BYTES;
  }

  @Override
  public void write(long offset, MemorySegment source) {
    MemorySegment.copy(source, 0, MemorySegment.ofArray(floats), offset, source.byteSize());
  }

  @Override
  public void read(long offset, MemorySegment target) {
    MemorySegment.copy(MemorySegment.ofArray(floats), offset, target, 0, target.byteSize());
  }

  @Override
  public void close() {
    reclaim.released(byteSize());
    floats = new float[0];
  }
}
