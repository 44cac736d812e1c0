package org.drag4j.verify;

import java.util.function.UnaryOperator;
import org.drag4j.method.Session;
import org.drag4j.pipeline.Progress;
import org.drag4j.trace.Trace;

/**
 * How the recorded cases are repeated.
 *
 * @param batchedInversion whether the inversion of "Encode then CP" runs as one batch
 * @param session applied to what every run works on; for checking the check, by planting a fault
 * @param trace sees every step of every network
 * @param progress a phase is a file, and a step one of its tensors
 */
public record ParityOptions(
    boolean batchedInversion, UnaryOperator<Session> session, Trace trace, Progress progress) {
  public static final ParityOptions DEFAULT = new ParityOptions(false, UnaryOperator.identity());

  /** Options without a trace, followed by nobody. */
  public ParityOptions(boolean batchedInversion, UnaryOperator<Session> session) {
    this(batchedInversion, session, Trace.OFF, Progress.NONE);
  }

  /** These options with a trace. */
  public ParityOptions withTrace(Trace to) {
    return new ParityOptions(batchedInversion, session, to, progress);
  }

  /** These options, followed by {@code by}. */
  public ParityOptions withProgress(Progress by) {
    return new ParityOptions(batchedInversion, session, trace, by);
  }
}
