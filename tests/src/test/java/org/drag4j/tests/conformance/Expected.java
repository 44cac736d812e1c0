package org.drag4j.tests.conformance;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.drag4j.reference.CaseGraph;
import org.drag4j.reference.Evaluation;
import org.drag4j.reference.Meaning;
import org.drag4j.reference.OpCase;

/** A case's outputs in double, and in float by sums in two orders. */
record Expected(
    Map<String, double[]> exact, Map<String, double[]> naive, Map<String, double[]> backward) {
  private static final Map<String, Map<String, double[]>> EXACT = new ConcurrentHashMap<>();
  private static final Map<String, Expected> KNOWN = new ConcurrentHashMap<>();

  /**
   * What is right and what a naive evaluation gives; computed once a process.
   *
   * @param storage where the device rounds to F16
   */
  static Expected of(OpCase opCase, CaseGraph built, Evaluation.Storage storage) {
    return KNOWN.computeIfAbsent(
        opCase.name() + " " + storage,
        _ ->
            new Expected(
                EXACT.computeIfAbsent(opCase.name(), _ -> Evaluation.by(Meaning.EXACT).of(built)),
                new Evaluation(Meaning.SINGLE, storage).of(built),
                new Evaluation(Meaning.SINGLE_BACKWARD, storage).of(built)));
  }
}
