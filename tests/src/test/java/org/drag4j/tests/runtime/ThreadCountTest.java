package org.drag4j.tests.runtime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.stream.IntStream;
import org.drag4j.plan.PlanOptions;
import org.drag4j.reference.CompiledCase;
import org.drag4j.reference.OpCases;
import org.drag4j.tests.conformance.Target;
import org.drag4j.trace.Trace;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How many threads there are makes no difference to a single bit. */
class ThreadCountTest {
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void resultsAreTheSameBits(boolean vectors) {
    var one = run(vectors, 1);
    for (int threads : new int[] {2, 3}) {
      var many = run(vectors, threads);
      IntStream.range(0, one.length)
          .forEach(i -> assertArrayEquals(one[i], many[i], threads + " threads, output " + i));
    }
  }

  private static float[][] run(boolean vectors, int threads) {
    var target = vectors ? Target.cpu(threads) : Target.cpuWithoutVectors(threads);
    try (var backend = target.open();
        var net = CompiledCase.open(backend, OpCases.everyOp().build(), PlanOptions.DEFAULT)) {
      net.plan().run(Trace.OFF);
      var names = net.built().graph().outputs().sequencedKeySet();
      return names.stream().map(n -> net.plan().tensor(n).read()).toArray(float[][]::new);
    }
  }
}
