package org.drag4j.tests.fuzz;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every input that fuzzing has kept, once more and without Jazzer. */
class CorpusTest {
  private static List<Path> inputs(String target) throws IOException {
    try (Stream<Path> files = Files.list(Fuzzing.CORPUS.resolve(target))) {
      return files.sorted().toList();
    }
  }

  @TestFactory
  List<DynamicTest> everyInputKeepsTheInvariants() throws IOException {
    var tests = new ArrayList<DynamicTest>();
    for (var target : Fuzzing.targets().entrySet()) {
      var inputs = inputs(target.getKey());
      assertFalse(inputs.isEmpty(), target.getKey());
      tests.add(
          DynamicTest.dynamicTest(
              target.getKey(),
              () -> {
                for (var input : inputs) {
                  try {
                    target.getValue().method().accept(Files.readAllBytes(input));
                  } catch (RuntimeException | AssertionError e) {
                    throw new AssertionError(input + ": " + e.getMessage(), e);
                  }
                }
              }));
    }
    return tests;
  }

  @Test
  void theInvariantsCanFail() {
    Invariants.refusal("a", new IllegalStateException("a: expected b, got c; do d"));
    for (var bad :
        List.of(
            "b: expected b, got c; do d",
            "a: expected b",
            "a: expected b, got c",
            "a: expected b,\n got c; do d",
            "a: expected b, got " + "c".repeat(3000) + "; do d")) {
      assertThrows(
          AssertionError.class, () -> Invariants.refusal("a", new IllegalStateException(bad)));
    }
    assertThrows(AssertionError.class, () -> Invariants.same(1, 2));
    Invariants.bounded(0, () -> {});
    byte[][] kept = new byte[1][];
    assertThrows(
        AssertionError.class,
        () -> Invariants.bounded(0, () -> kept[0] = new byte[(int) Invariants.BASE + 1000]));
  }
}
