package org.drag4j.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.OptionalLong;

/**
 * Finds what is no number, or infinite, among a tensor's elements: those whose exponent is all
 * ones. Several elements are looked at in one operation, for this is done to every weight.
 */
final class NonFinite {
  private static final ValueLayout.OfLong LONGS =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Bytes between two looks at what was found. */
  private static final int BLOCK = 1 << 14;

  private NonFinite() {}

  /**
   * The index of the first element that is not finite.
   *
   * @param bytes elements one after the other, little endian
   */
  static OptionalLong first(MemorySegment bytes, DType dtype) {
    return switch (dtype) {
      case F16 -> first(bytes, 2, 0x7c007c007c007c00L, 0x7fff7fff7fff7fffL);
      case BF16 -> first(bytes, 2, 0x7f807f807f807f80L, 0x7fff7fff7fff7fffL);
      case F32 -> first(bytes, 4, 0x7f8000007f800000L, 0x7fffffff7fffffffL);
      case F64 -> first(bytes, 8, 0x7ff0000000000000L, 0x7fffffffffffffffL);
      case I32, I64, U8 -> OptionalLong.empty();
    };
  }

  /**
   * @param exponents the bits of all exponents in a long
   * @param most all bits but the first of every element: with it added, an exponent that is not all
   *     ones sets the first
   */
  private static OptionalLong first(MemorySegment bytes, int size, long exponents, long most) {
    long whole = bytes.byteSize() / Long.BYTES * Long.BYTES;
    for (long from = 0; from < whole; from += BLOCK) {
      int length = (int) Math.min(BLOCK, whole - from);
      long finite = -1;
      for (int i = 0; i < length; i += Long.BYTES) {
        finite &= ((bytes.get(LONGS, from + i) & exponents) ^ exponents) + most;
      }
      if ((finite & ~most) != ~most) {
        return element(bytes, from, from + length, size, exponents);
      }
    }
    return element(bytes, whole, bytes.byteSize(), size, exponents);
  }

  private static OptionalLong element(
      MemorySegment bytes, long from, long to, int size, long exponents) {
    long exponent = exponents >>> (Long.SIZE - Byte.SIZE * size);
    for (long at = from; at < to; at += size) {
      long bits = 0;
      for (int b = 0; b < size; b++) {
        bits |= (bytes.get(ValueLayout.JAVA_BYTE, at + b) & 0xffL) << (Byte.SIZE * b);
      }
      if ((bits & exponent) == exponent) {
        return OptionalLong.of(at / size);
      }
    }
    return OptionalLong.empty();
  }
}
