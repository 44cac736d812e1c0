package org.drag4j.report;

import java.util.function.UnaryOperator;
import org.drag4j.method.Editing;

/**
 * How the recorded RegionDrag runs are repeated.
 *
 * @param batchedInversion whether the inversion of "Encode then CP" runs as one batch
 * @param editing applied to what every run works on; for checking the check, by planting a fault
 */
public record ParityOptions(boolean batchedInversion, UnaryOperator<Editing> editing) {
  public static final ParityOptions DEFAULT = new ParityOptions(false, UnaryOperator.identity());
}
