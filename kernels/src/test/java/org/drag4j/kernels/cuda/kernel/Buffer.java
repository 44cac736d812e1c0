package org.drag4j.kernels.cuda.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import org.drag4j.reference.Meaning;
import org.drag4j.tensor.Shape;

/** Numbers in native memory, as a kernel sees them. */
final class Buffer {
  /** How a number is stored. */
  enum Format {
    F16(2),
    BF16(2),
    F32(4),
    I32(4),
    U8(1);

    private final int bytes;

    Format(int bytes) {
      this.bytes = bytes;
    }
  }

  private final Format format;
  private final int size;
  private final boolean writable;
  private final MemorySegment memory;

  private Buffer(Format format, int size, boolean writable, int shift) {
    this.format = format;
    this.size = size;
    this.writable = writable;
    long bytes = (long) size * format.bytes;
    this.memory =
        Arena.ofAuto()
            .allocate(Math.max(1, bytes) + shift * (long) format.bytes, 256)
            .asSlice((long) shift * format.bytes, bytes);
  }

  /** Numbers a kernel reads, rounded to the format. */
  static Buffer of(Format format, int size, IntToDoubleFunction values) {
    return of(format, size, 0, values);
  }

  /** As {@link #of}, {@code shift} numbers off a multiple of 16 bytes. */
  static Buffer of(Format format, int size, int shift, IntToDoubleFunction values) {
    var b = new Buffer(format, size, false, shift);
    for (int i = 0; i < size; i++) {
      b.set(i, values.applyAsDouble(i));
    }
    return b;
  }

  /** Standard normal numbers, rounded to the format. */
  static Buffer normal(Format format, int size, long seed) {
    return normal(format, size, 0, seed, 1);
  }

  /** As {@link #normal(Format, int, long)}, scaled, {@code shift} numbers off alignment. */
  static Buffer normal(Format format, int size, int shift, long seed, double scale) {
    var random = new Random(seed);
    return of(format, size, shift, _ -> scale * random.nextGaussian());
  }

  /** Room for a result; every number is NaN, or 0xA5 in bytes. */
  static Buffer room(Format format, int size) {
    return room(format, size, 0);
  }

  /** As {@link #room(Format, int)}, {@code shift} numbers off alignment. */
  static Buffer room(Format format, int size, int shift) {
    var b = new Buffer(format, size, true, shift);
    b.memory.fill(format == Format.U8 ? (byte) 0xA5 : (byte) 0xFF);
    return b;
  }

  /** A copy a kernel may read and write. */
  Buffer changeable() {
    var b = new Buffer(format, size, true, 0);
    b.memory.copyFrom(memory);
    return b;
  }

  long address() {
    return memory.address();
  }

  /** The address of number {@code i}. */
  long address(long i) {
    return memory.address() + i * format.bytes;
  }

  int size() {
    return size;
  }

  boolean writable() {
    return writable;
  }

  MemorySegment memory() {
    return memory;
  }

  double get(long i) {
    return switch (format) {
      case F16 -> Float.float16ToFloat(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * i));
      case BF16 -> Float.intBitsToFloat(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * i) << 16);
      case F32 -> memory.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i);
      case I32 -> memory.get(ValueLayout.JAVA_INT_UNALIGNED, 4 * i);
      case U8 -> memory.get(ValueLayout.JAVA_BYTE, i) & 0xff;
    };
  }

  double[] values() {
    var x = new double[size];
    for (int i = 0; i < size; i++) {
      x[i] = get(i);
    }
    return x;
  }

  /**
   * As many numbers as {@code shape} has, row by row from number {@code start} on.
   *
   * @param ld from one row's start to the next
   */
  Meaning.Operand rows(Shape shape, int start, int ld) {
    int width = shape.dim(-1);
    var x = new double[Math.toIntExact(shape.size())];
    for (int i = 0; i < x.length; i++) {
      x[i] = get(start + (long) (i / width) * ld + i % width);
    }
    return new Meaning.Operand(shape, x);
  }

  /** The numbers as a tensor that an operation takes. */
  Meaning.Operand as(int... dims) {
    return rows(Shape.of(dims), 0, dims[dims.length - 1]);
  }

  private void set(int i, double x) {
    switch (format) {
      case F16 ->
          memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, Float.floatToFloat16((float) x));
      // Cut off: any bf16 is as good as another for a test.
      case BF16 ->
          memory.set(
              ValueLayout.JAVA_SHORT_UNALIGNED,
              2L * i,
              (short) (Float.floatToIntBits((float) x) >>> 16));
      case F32 -> memory.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i, (float) x);
      case I32 -> memory.set(ValueLayout.JAVA_INT_UNALIGNED, 4L * i, (int) x);
      case U8 -> memory.set(ValueLayout.JAVA_BYTE, i, (byte) (int) x);
    }
  }
}
