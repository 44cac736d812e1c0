package org.drag4j.tensor;

import java.lang.foreign.MemorySegment;

/**
 * Where the elements of a tensor are: dense, row major, from {@code offset} bytes on. Its lifetime
 * belongs to its memory.
 */
public record Tensor(DeviceMemory memory, long offset, Shape shape, DType dtype) {
  public Tensor {
    long end = Math.addExact(offset, Math.multiplyExact(shape.size(), dtype.bytes()));
    if (offset < 0 || end > memory.byteSize()) {
      throw new IllegalArgumentException(
          "tensor " + shape + " at " + offset + ": expected to end within " + memory.byteSize());
    }
  }

  /** Bytes it occupies. */
  public long byteSize() {
    return shape.size() * dtype.bytes();
  }

  /** Sets all elements; F32 only. */
  public void write(float[] values) {
    checkCount(values.length, DType.F32);
    memory.write(offset, MemorySegment.ofArray(values));
  }

  /** Sets all elements; I32 only. */
  public void write(int[] values) {
    checkCount(values.length, DType.I32);
    memory.write(offset, MemorySegment.ofArray(values));
  }

  /** All elements; F32 only. */
  public float[] read() {
    var values = new float[Math.toIntExact(shape.size())];
    checkCount(values.length, DType.F32);
    memory.read(offset, MemorySegment.ofArray(values));
    return values;
  }

  /** The {@code count} elements of the first dimension from {@code first} on, as one tensor. */
  public Tensor batch(int first, int count) {
    long each = byteSize() / shape.dim(0);
    return new Tensor(memory, offset + first * each, shape.with(0, count), dtype);
  }

  private void checkCount(int count, DType type) {
    if (count != shape.size() || dtype != type) {
      throw new IllegalArgumentException(
          "tensor: expected " + shape + " " + dtype + ", got " + count + " elements of " + type);
    }
  }
}
