package org.drag4j.document;

/**
 * Steps of a schedule, written {@code [first, end]}.
 *
 * @param first from 0
 * @param end the step behind the last one
 */
public record StepRange(int first, int end) {
  /** Whether the step is one of them. */
  public boolean contains(int step) {
    return step >= first && step < end;
  }
}
