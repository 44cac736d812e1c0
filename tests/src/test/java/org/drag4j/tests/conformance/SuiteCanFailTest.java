package org.drag4j.tests.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.device.Bindings;
import org.drag4j.device.Candidate;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Launch;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.plan.PlanOptions;
import org.drag4j.reference.Meaning;
import org.drag4j.reference.OpCase;
import org.drag4j.reference.OpCases;
import org.drag4j.reference.ReferenceBackend;
import org.drag4j.reference.WrappedBackend;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The suite finds mistakes planted in a backend, and finds none where there is none. */
class SuiteCanFailTest {
  private static final List<OpCase> TRIED =
      OpCases.all().stream()
          .filter(c ->
              Set.of(
                      "conv2d [1, 16, 12, 8] -> 8 k1 s1 p0,0 F32",
                      "conv2d [1, 8, 8, 9] -> 320 k3 s1 p1,1 F16",
                      "linear [1, 64, 320] -> 320 F16",
                      "add position table F16",
                      "geglu 14 F32",
                      "group_norm [3, 5, 7, 30] groups 3 eps 1.0E-5 of -1000.0+-1.0 F16",
                      "layer_norm [3, 5, 7] F16",
                      "attention N=2 T=16 S=16 heads=8 D=160 scores of 1.0 F32",
                      "linear SILU F16",
                      "concat [3, 5, 7] with [3] F32")
                  .contains(c.name()))
          .toList();

  @Test
  void everyCaseNamedHereExists() {
    assertEquals(10, TRIED.size());
  }

  @TestFactory
  Stream<DynamicTest> aBackendWithoutMistakesPasses() {
    return TRIED.stream()
        .map(c ->
            DynamicTest.dynamicTest(
                c.name(), () -> check(new ReferenceBackend(Meaning.SINGLE), c)));
  }

  @TestFactory
  Stream<DynamicTest> everyMistakeIsFound() {
    return Stream.of(Fault.values())
        .flatMap(fault ->
            TRIED.stream()
                .filter(c -> fault != Fault.NO_BIAS || c.name().matches("(conv2d|linear).*"))
                .map(c ->
                    DynamicTest.dynamicTest(
                        fault + " in " + c.name(),
                        () -> {
                          var backend = fault.in(new ReferenceBackend(Meaning.SINGLE));
                          var failure = assertThrows(AssertionError.class, () -> check(backend, c));
                          assertTrue(
                              failure.toString().contains(fault.shows()), failure.toString());
                        })));
  }

  @Test
  void anApproximateKernelIsFoundWhereExactWasAsked() {
    var coarse =
        new WrappedBackend(new ReferenceBackend(Meaning.SINGLE)) {
          @Override
          public Stream<Candidate> candidates(Value node, KernelOptions options) {
            return super.candidates(node, options).map(c -> c.with(new Coarse(c.kernel())));
          }
        };
    var exact = PlanOptions.of(new KernelOptions(true, Map.of()));
    var c = TRIED.getFirst();
    var failure = assertThrows(AssertionError.class, () -> check(coarse, c, exact));
    assertTrue(String.valueOf(failure.getMessage()).contains("approximate"), failure.toString());
    check(coarse, c);
  }

  private record Coarse(Kernel inner) implements Kernel {
    @Override
    public String name() {
      return inner.name();
    }

    @Override
    public boolean approximate() {
      return true;
    }

    @Override
    public Launch bind(Bindings at) {
      return inner.bind(at);
    }
  }

  @Test
  void lostAndGainedSupportIsFound() {
    var rows = TRIED.stream().map(OpCase::row).collect(Collectors.toCollection(TreeSet::new));
    var lacking =
        new WrappedBackend(new ReferenceBackend(Meaning.SINGLE)) {
          @Override
          public Stream<Candidate> candidates(Value node, KernelOptions options) {
            return node.op() instanceof Op.Geglu ? Stream.empty() : super.candidates(node, options);
          }
        };
    var supported = SupportMatrix.supported(lacking, TRIED);
    var all = rows.stream().map(row -> row + ": cpu naive").collect(Collectors.joining("\n"));
    assertEquals(
        List.of("geglu: lost by naive; give it back, or take it out of support-matrix.txt"),
        SupportMatrix.parse(all).differences("naive", supported, rows));
    assertEquals(
        List.of(
            "layer_norm: gained by naive; add naive to its line in support-matrix.txt",
            "flash: no case has this row; take its line out of support-matrix.txt"),
        SupportMatrix.parse(
                all.replace("geglu: cpu naive", "geglu: cpu")
                        .replace("layer_norm: cpu naive", "# layer_norm:")
                    + "\nflash: cpu")
            .differences("naive", supported, rows));
  }

  private static void check(Backend backend, OpCase c) {
    check(backend, c, PlanOptions.DEFAULT);
  }

  private static void check(Backend backend, OpCase c, PlanOptions options) {
    var built = c.build();
    try (var weights = backend.weights(built.weights())) {
      Conformance.check(backend, c, built, weights, options);
    }
  }
}
