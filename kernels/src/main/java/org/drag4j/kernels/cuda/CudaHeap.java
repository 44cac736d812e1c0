package org.drag4j.kernels.cuda;

import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceMemoryException;
import org.drag4j.kernels.cuda.driver.CudaDriver.Attribute;

/**
 * Where a device's memory comes from: a pool, which keeps some of what was freed for the next plan,
 * or the driver directly where a device has no pools.
 */
final class CudaHeap implements CudaContext.Resource {
  /** About the slab of one full-size network: the next is as large. */
  private static final long KEPT = 1L << 30;

  private final CudaStream stream;
  private final CudaStaging staging;
  private final long pool;

  private CudaHeap(CudaStream stream, CudaStaging staging, long pool) {
    this.stream = stream;
    this.staging = staging;
    this.pool = pool;
  }

  /** Memory for work of this stream, and staging memory of twice {@code stagingBytes}. */
  static CudaHeap create(CudaStream stream, long stagingBytes) {
    var context = stream.context();
    var staging = CudaStaging.create(stream, stagingBytes);
    boolean pools = context.driver().attribute(context.device(), Attribute.MEMORY_POOLS) != 0;
    var heap =
        new CudaHeap(
            stream, staging, pools ? context.driver().createPool(context.device(), KEPT) : 0);
    context.keep(heap);
    return heap;
  }

  CudaContext context() {
    return stream.context();
  }

  CudaStaging staging() {
    return staging;
  }

  /**
   * Memory, zeroed.
   *
   * @param purpose who asks, as an out-of-memory message names it
   * @throws DeviceMemoryException where there is not enough
   */
  CudaMemory allocate(long bytes, String purpose) {
    if (bytes < 0) {
      throw new IllegalArgumentException(purpose + ": expected a size >= 0, got " + bytes);
    }
    if (context().recording()) {
      // The driver would make it part of the recording, and give it back with it.
      throw new DeviceException(
          context().name() + ": " + purpose + ": expected memory allocated before recording");
    }
    long size = Math.max(bytes, 1); // The driver has no address for nothing.
    var memory = new CudaMemory(this, take(size, purpose), bytes);
    context().keep(memory);
    context().held(memory, purpose);
    try {
      stream.clear(memory.address(), size);
    } catch (RuntimeException | Error e) {
      memory.close();
      throw e;
    }
    return memory;
  }

  /** Bytes that the device has left, what the pool keeps among them. */
  long freeBytes() {
    var driver = context().driver();
    if (pool != 0) {
      stream.synchronize();
      driver.trimPool(pool, 0);
    }
    return driver.memoryInfo().freeBytes();
  }

  private long take(long bytes, String purpose) {
    var driver = context().driver();
    try {
      if (pool == 0) {
        return driver.allocate(bytes);
      }
      try {
        return driver.allocate(bytes, pool, stream.handle());
      } catch (DeviceMemoryException _) {
        // What the pool keeps may be in pieces too small.
        stream.synchronize();
        driver.trimPool(pool, 0);
        return driver.allocate(bytes, pool, stream.handle());
      }
    } catch (DeviceMemoryException e) {
      throw context().outOfMemory(bytes, purpose, e);
    }
  }

  /** Takes memory back once the work enqueued so far is done. */
  void free(long address) {
    if (pool == 0) {
      context().driver().free(address);
    } else {
      context().driver().free(address, stream.handle());
    }
  }

  @Override
  public void release() {
    if (pool != 0) {
      context().driver().destroyPool(pool);
    }
  }
}
