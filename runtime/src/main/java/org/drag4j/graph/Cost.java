package org.drag4j.graph;

/**
 * The least that one call of an operation costs.
 *
 * @param flops floating-point operations, a multiply-add counted as two
 * @param bytes compulsory traffic: every operand read once, the result written once
 */
public record Cost(long flops, long bytes) {
  public static final Cost ZERO = new Cost(0, 0);

  /** The sum of this cost and another one. */
  public Cost plus(Cost other) {
    return new Cost(flops + other.flops, bytes + other.bytes);
  }
}
