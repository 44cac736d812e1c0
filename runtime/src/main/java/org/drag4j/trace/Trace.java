package org.drag4j.trace;

import org.drag4j.device.Step;

/** Is told of every step of a plan's run. */
public interface Trace {
  /** Records nothing. */
  Trace OFF = new Trace() {};

  /** Before {@code step} is enqueued. */
  default void begin(Step step) {}

  /** After {@code step} was enqueued; on a device that runs it at once, after it is done. */
  default void end(Step step) {}

  /**
   * Time of {@code step} by the device's own clock, where there is one; told before the run
   * returns.
   */
  default void measured(Step step, long nanos) {}
}
