package org.drag4j.verify;

import java.util.List;

/**
 * The outcome of a check.
 *
 * @param compared rows, missing tensors included
 * @param failed rows that are not ok
 * @param skipped what the folder holds and this engine cannot check, with the reason
 */
public record ParityReport(int compared, int failed, List<String> skipped) {
  public ParityReport {
    skipped = List.copyOf(skipped);
  }

  /** Whether something was compared and nothing was wrong. */
  public boolean ok() {
    return compared > 0 && failed == 0;
  }
}
