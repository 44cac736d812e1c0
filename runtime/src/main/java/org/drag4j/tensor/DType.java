package org.drag4j.tensor;

/** Element type of a tensor. {@code F64} and {@code I64} occur in files only, never in a plan. */
public enum DType {
  F32(4),
  F16(2),
  BF16(2),
  I32(4),
  U8(1),
  F64(8),
  I64(8);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }
}
