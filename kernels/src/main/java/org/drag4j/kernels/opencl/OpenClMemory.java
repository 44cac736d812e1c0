package org.drag4j.kernels.opencl;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.drag4j.device.Slot;
import org.drag4j.tensor.DeviceMemory;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.cl_mem;

/**
 * One buffer. Host access is by mapping: where the device shares the host's memory nothing is
 * copied twice.
 */
final class OpenClMemory implements DeviceMemory {
  /** Mapped at a time: a ByteBuffer holds no more than 2 GB. */
  private static final long WINDOW = 1L << 28;

  /** What is done with a window of the buffer. */
  @FunctionalInterface
  interface Access {
    /** {@code from} is where {@code window} starts, from the start of what is accessed. */
    void with(MemorySegment window, long from);
  }

  private final OpenClContext context;
  private final cl_mem mem;
  private final Pointer pointer;
  private final long size;
  private boolean closed;

  OpenClMemory(OpenClContext context, cl_mem mem, long size) {
    this.context = context;
    this.mem = mem;
    this.pointer = Pointer.to(mem);
    this.size = size;
  }

  /** The buffer behind a slot. */
  static OpenClMemory of(Slot slot) {
    return (OpenClMemory) slot.tensor().memory();
  }

  cl_mem mem() {
    return mem;
  }

  /** The buffer as a kernel's argument. */
  Pointer pointer() {
    if (closed) {
      throw new IllegalStateException(
          device() + ": expected memory that is open, got some that was closed");
    }
    return pointer;
  }

  @Override
  public String device() {
    return context.info().name();
  }

  @Override
  public long byteSize() {
    return size;
  }

  @Override
  public void write(long offset, MemorySegment source) {
    access(
        offset,
        source.byteSize(),
        CL.CL_MAP_WRITE_INVALIDATE_REGION,
        (window, from) -> MemorySegment.copy(source, from, window, 0, window.byteSize()));
  }

  @Override
  public void read(long offset, MemorySegment target) {
    access(
        offset,
        target.byteSize(),
        CL.CL_MAP_READ,
        (window, from) -> MemorySegment.copy(window, 0, target, from, window.byteSize()));
  }

  /** Sets every byte to 0. */
  void clear() {
    access(0, size, CL.CL_MAP_WRITE_INVALIDATE_REGION, (window, _) -> window.fill((byte) 0));
  }

  /** Lets the host at {@code bytes} bytes from {@code offset} on, window by window. */
  void access(long offset, long bytes, long flags, Access access) {
    if (offset < 0 || bytes < 0 || offset > size - bytes) {
      throw new IndexOutOfBoundsException(
          device() + ": expected a range within " + size + ", got " + bytes + " at " + offset);
    }
    if (closed) {
      throw new IllegalStateException(
          device() + ": expected memory that is open, got some that was closed");
    }
    for (long from = 0; from < bytes; from += WINDOW) {
      long some = Math.min(WINDOW, bytes - from);
      try {
        ByteBuffer window =
            CL.clEnqueueMapBuffer(
                context.queue(), mem, true, flags, offset + from, some, 0, null, null, null);
        try {
          access.with(MemorySegment.ofBuffer(window), from);
        } finally {
          CL.clEnqueueUnmapMemObject(context.queue(), mem, window, 0, null, null);
        }
      } catch (CLException e) {
        throw context.failed("access to memory", e);
      }
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      context.released(this);
    }
  }
}
