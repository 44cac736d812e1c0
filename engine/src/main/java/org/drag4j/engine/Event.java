package org.drag4j.engine;

import java.util.function.Supplier;
import org.drag4j.picture.Picture;

/** A report of a job about its progress or its end. */
public sealed interface Event {
  /** A phase begins: load, encode, invert, edit, decode. */
  record Phase(String name, int steps) implements Event {}

  /** {@code done} of {@code total} steps of the phase are done. */
  record Step(int done, int total) implements Event {}

  /**
   * The picture takes form: a step of the way back is done.
   *
   * @param picture with a pixel for each cell of the latent grid, noise included; made when it is
   *     asked for, which must be within the event
   */
  record Glimpse(int step, int steps, Supplier<Picture> picture) implements Event {}

  /** Something the user should know that does not stop the job; one line. */
  record Warning(String message) implements Event {}

  /** The job has ended well; the last event. */
  record Done() implements Event {}

  /**
   * The job has ended otherwise; the last event.
   *
   * @param cause {@link org.drag4j.pipeline.CancelledException} where somebody stopped it
   */
  record Failed(Throwable cause) implements Event {}
}
