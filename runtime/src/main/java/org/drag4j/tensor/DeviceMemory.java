package org.drag4j.tensor;

import java.lang.foreign.MemorySegment;

/** A block of a device's memory. Tensors in it live until it is closed. */
public interface DeviceMemory extends AutoCloseable {
  /** The device that holds it: {@code cpu}, {@code cuda:0}. */
  String device();

  long byteSize();

  /** Copies {@code source} to {@code offset} (bytes); returns when it is done. */
  void write(long offset, MemorySegment source);

  /** Copies from {@code offset} (bytes) until {@code target} is full; returns when it is done. */
  void read(long offset, MemorySegment target);

  @Override
  void close();
}
