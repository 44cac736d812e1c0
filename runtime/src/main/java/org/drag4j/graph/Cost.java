package org.drag4j.graph;

/**
 * What one call of an operation needs at least.
 *
 * @param flops floating-point operations, a multiply-add counted as two
 * @param bytes compulsory traffic: every operand read once, the result written once
 */
public record Cost(long flops, long bytes) {
  public static final Cost ZERO = new Cost(0, 0);

  /** The sum of both. */
  public Cost plus(Cost other) {
    return new Cost(flops + other.flops, bytes + other.bytes);
  }
}
