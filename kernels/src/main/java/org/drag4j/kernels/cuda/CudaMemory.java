package org.drag4j.kernels.cuda;

import java.lang.foreign.MemorySegment;
import org.drag4j.device.DeviceException;
import org.drag4j.device.Slot;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.Tensor;

/** A block of device memory. */
final class CudaMemory implements DeviceMemory, CudaContext.Resource {
  private final CudaContext context;
  private final CudaHeap heap;
  private final long address;
  private final long bytes;

  /** Memory of the heap's, which takes it back. */
  CudaMemory(CudaHeap heap, long address, long bytes) {
    context = heap.context();
    this.heap = heap;
    this.address = address;
    this.bytes = bytes;
  }

  /** Address of the tensor in a slot, as kernels take it. */
  static long address(Slot slot) {
    return address(slot.tensor());
  }

  /** Address of a tensor, as kernels take it. */
  static long address(Tensor tensor) {
    return ((CudaMemory) tensor.memory()).address() + tensor.offset();
  }

  /**
   * Address of the first byte.
   *
   * @throws DeviceException where it has been given back
   */
  long address() {
    if (!context.holds(this)) {
      throw new DeviceException(
          context.name() + ": expected memory in use, got " + bytes + " bytes given back before");
    }
    return address;
  }

  @Override
  public String device() {
    return context.name();
  }

  @Override
  public long byteSize() {
    return bytes;
  }

  @Override
  public void write(long offset, MemorySegment source) {
    heap.staging().write(address() + checked(offset, source), source);
  }

  @Override
  public void read(long offset, MemorySegment target) {
    heap.staging().read(target, address() + checked(offset, target));
  }

  private long checked(long offset, MemorySegment host) {
    if (offset < 0 || host.byteSize() > bytes - offset) {
      throw new IndexOutOfBoundsException(
          "copy: expected to end within "
              + bytes
              + " bytes, got "
              + host.byteSize()
              + " from "
              + offset
              + " on");
    }
    return offset;
  }

  @Override
  public void release() {
    context.dropped(this);
    heap.free(address);
  }

  @Override
  public void close() {
    if (context.recording()) {
      throw new DeviceException(
          context.name() + ": expected memory given back after recording, not during it");
    }
    context.release(this);
  }
}
