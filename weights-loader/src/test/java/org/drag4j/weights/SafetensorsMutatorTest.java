package org.drag4j.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsMutatorTest {
  /** {@code -Ddrag4j.mutations=1000000} runs more. */
  private static final int COUNT = Integer.getInteger("drag4j.mutations", 20_000);

  @TempDir Path folder;

  @Test
  void damagedFilesAreRefusedOrReadable() throws IOException {
    var outcome = SafetensorsMutator.run(COUNT, 1, folder);
    assertEquals(COUNT, outcome.readable() + outcome.refusals());
    // The damage must be neither harmless nor always of the same kind.
    assertTrue(outcome.readable() > COUNT / 20, "readable " + outcome.readable());
    assertTrue(outcome.refusals() > COUNT / 2, "refused " + outcome.refusals());
    assertTrue(outcome.refused().size() >= 20, outcome.refused().toString());
  }
}
