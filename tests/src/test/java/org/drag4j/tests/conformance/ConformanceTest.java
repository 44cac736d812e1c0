package org.drag4j.tests.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.UnsupportedOpException;
import org.drag4j.plan.Fusion;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every case on every device, with and without fusion, exact or not, by every variant. */
class ConformanceTest {
  private static final List<OpCase> CASES = OpCases.all();

  /** Variants to be had by name, by operation; each must run some case of its operation. */
  private static Map<String, List<String>> variants(Target target) {
    return switch (target.name()) {
      case "cpu 0-bit" -> Map.of("conv2d", List.of("direct"), "linear", List.of("packed"));
      case String name when name.startsWith("opencl") ->
          Map.of("conv2d", List.of("winograd_f2", "winograd_f4"));
      default ->
          target.device().equals("cpu")
              ? Map.of(
                  "conv2d",
                  List.of("winograd_f2", "winograd_f4", "direct"),
                  "linear",
                  List.of("packed"))
              : Map.of();
    };
  }

  /** Ways all kernels of a device are written, to be had by name. */
  private static final Map<String, List<String>> FAMILIES =
      Map.of("opencl", List.of("panel", "tile"));

  private static final Set<String> LABELS =
      CASES.stream()
          .flatMap(c -> c.build().graph().live().stream())
          .map(v -> v.op().label())
          .collect(Collectors.toSet());

  private static final Map<Target, Backend> OPEN = new LinkedHashMap<>();
  private static final Map<String, Comparison> WORST = new ConcurrentHashMap<>();
  private static final Set<String> RAN = ConcurrentHashMap.newKeySet();

  @BeforeAll
  static void open() {
    for (var target : Target.all()) {
      OPEN.put(target, target.open());
    }
    assertFalse(OPEN.isEmpty(), "expected at least the cpu to be available");
  }

  @AfterAll
  static void close() {
    var expected =
        OPEN.keySet().stream()
            .flatMap(t ->
                variants(t).entrySet().stream()
                    .flatMap(e -> e.getValue().stream().map(v -> t + " " + Map.of(e.getKey(), v))))
            .collect(Collectors.toSet());
    OPEN.values().forEach(Backend::close);
    OPEN.clear();
    assertEquals(expected, RAN, "variants that ran");
    WORST.entrySet().stream()
        .sorted(Comparator.comparingDouble(e -> -e.getValue().percent()))
        .limit(5)
        .forEach(
            e -> System.out.printf(Locale.ROOT, "conformance: %s: %s%n", e.getKey(), e.getValue()));
    WORST.clear();
  }

  @Test
  void namesAreUnique() {
    var seen = new HashSet<String>();
    var twice = CASES.stream().map(OpCase::name).filter(n -> !seen.add(n)).toList();
    assertEquals(List.of(), twice);
  }

  /** Where there is no OpenCL device, a skipped test says so. */
  @Test
  void openClIsAmongTheDevices() {
    var device = Target.openCl();
    var tried = OPEN.keySet().stream().filter(t -> t.device().equals(device)).toList();
    assertEquals(System.getProperty("drag4j.test.cpuVector", "").isEmpty() ? 2 : 0, tried.size());
  }

  @TestFactory
  Stream<DynamicNode> conformance() {
    return OPEN.entrySet().stream()
        .map(e ->
            DynamicContainer.dynamicContainer(
                e.getKey().name(),
                cases(e.getKey())
                    .map(c ->
                        DynamicTest.dynamicTest(
                            c.name(), () -> check(e.getKey(), e.getValue(), c)))));
  }

  /** All of them; where storage is another than that of inputs and outputs, between others too. */
  private static Stream<OpCase> cases(Target target) {
    return target.half()
        ? CASES.stream()
            .flatMap(c ->
                c.name().contains("edges of exp") // of float: far beyond the largest half
                    ? Stream.of(c)
                    : Stream.of(c, c.between()))
        : CASES.stream();
  }

  private static void check(Target target, Backend backend, OpCase c) {
    var expectedHere =
        SupportMatrix.load().rows().getOrDefault(c.row(), Set.of()).contains(target.kind());
    var built = c.build();
    try (var weights = backend.weights(built.weights())) {
      for (var options : options(target, c)) {
        check(target, backend, c, built, weights, options);
      }
      for (var options : variantOptions(target, c)) {
        if (kernels(backend, built, weights, options)) {
          RAN.add(target + " " + options.kernels().variants());
          check(target, backend, c, built, weights, options);
        }
      }
    } catch (UnsupportedOpException e) {
      // The support matrix has the say on what must be supported.
      if (expectedHere) {
        throw e;
      }
    }
  }

  private static void check(
      Target target,
      Backend backend,
      OpCase c,
      CaseGraph built,
      DeviceWeights weights,
      PlanOptions options) {
    for (var result : Conformance.check(backend, c, built, weights, options)) {
      WORST.merge(target + ": " + c, result, (a, b) -> a.percent() > b.percent() ? a : b);
    }
  }

  /** A variant need not suit every shape. */
  private static boolean kernels(
      Backend backend, CaseGraph built, DeviceWeights weights, PlanOptions options) {
    try (var _ = Plan.compile(built.graph(), backend, weights, options)) {
      return true;
    } catch (UnsupportedOpException e) {
      return false;
    }
  }

  private static List<PlanOptions> variantOptions(Target target, OpCase c) {
    return variants(target).entrySet().stream()
        .filter(e -> c.row().startsWith(e.getKey()))
        .flatMap(e -> e.getValue().stream().map(v -> Map.of(e.getKey(), v)))
        .map(v -> new PlanOptions(new KernelOptions(false, v), Set.of(), _ -> false))
        .toList();
  }

  private static List<PlanOptions> options(Target target, OpCase c) {
    var all = new ArrayList<PlanOptions>();
    all.add(PlanOptions.DEFAULT);
    all.add(new PlanOptions(new KernelOptions(true, Map.of()), Set.of(), _ -> false));
    for (var family : FAMILIES.getOrDefault(target.kind(), List.of())) {
      var forced = LABELS.stream().collect(Collectors.toMap(l -> l, _ -> family));
      all.add(new PlanOptions(new KernelOptions(false, forced), Set.of(), _ -> false));
    }
    all.add(new PlanOptions(KernelOptions.DEFAULT, Set.of("all"), _ -> false));
    if (c.row().startsWith("fusion ") || c.row().equals("block")) {
      for (var fusion : Fusion.values()) {
        all.add(new PlanOptions(KernelOptions.DEFAULT, Set.of(fusion.label()), _ -> false));
      }
    }
    return all;
  }

  @TestFactory
  Stream<DynamicNode> support() {
    var rows = CASES.stream().map(OpCase::row).collect(Collectors.toCollection(TreeSet::new));
    return OPEN.entrySet().stream()
        .map(e ->
            DynamicTest.dynamicTest(
                e.getKey().name(),
                () ->
                    assertEquals(
                        List.of(),
                        SupportMatrix.load()
                            .differences(
                                e.getKey().kind(),
                                SupportMatrix.supported(e.getValue(), CASES),
                                rows))));
  }
}
