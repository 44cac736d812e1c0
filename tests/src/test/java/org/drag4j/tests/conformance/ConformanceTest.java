package org.drag4j.tests.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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
import java.util.stream.Gatherers;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Step;
import org.drag4j.device.Tuned;
import org.drag4j.device.UnsupportedOpException;
import org.drag4j.graph.Op;
import org.drag4j.plan.Fusion;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.reference.CaseGraph;
import org.drag4j.reference.OpCase;
import org.drag4j.reference.OpCases;
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
    if (target.kind().equals("cuda")) {
      var product = target.half() ? "mma" : "fma";
      return Map.of(
          "conv2d",
          List.of(product),
          "linear",
          List.of(product),
          "attention",
          List.of("flash", "gemm"));
    }
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
          .filter(v ->
              !(v.op() instanceof Op.Input
                  || v.op() instanceof Op.Weight
                  || v.op() instanceof Op.Reshape))
          .map(v -> v.op().label())
          .collect(Collectors.toSet());

  /** Floating-point operations of a case that CUDA without a GPU runs. */
  private static final long SHIM_FLOPS = 3_000_000;

  private static final Map<Target, Backend> OPEN = new LinkedHashMap<>();
  private static final Map<String, Comparison> WORST = new ConcurrentHashMap<>();
  private static final Set<String> RAN = ConcurrentHashMap.newKeySet();

  /** Those of {@link Target#shims} that could be opened. */
  private static final Set<Target> TRIED = ConcurrentHashMap.newKeySet();

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
        Stream.concat(OPEN.keySet().stream(), TRIED.stream())
            .flatMap(t ->
                variants(t).entrySet().stream()
                    .flatMap(e ->
                        e.getValue().stream().map(v -> t + " " + Map.of(e.getKey(), List.of(v)))))
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
    assumeTrue(
        System.getProperty("drag4j.test.device", "").isEmpty(), "another device was asked for");
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
    // Under a checker of memory a GPU is slow too.
    long most = target.shim() ? SHIM_FLOPS : Long.getLong("drag4j.test.flops", Long.MAX_VALUE);
    var cases = CASES.stream().filter(c -> flops(c) <= most);
    if (!target.half()) {
      return cases;
    }
    return cases
        .filter(c -> !c.name().contains("edges of exp")) // of float: far beyond the largest half
        .flatMap(c -> Stream.of(c, c.between()));
  }

  private static long flops(OpCase c) {
    return c.build().graph().live().stream().mapToLong(v -> v.cost().flops()).sum();
  }

  /** CUDA without a GPU leaves large cases out, but no row; where there is no g++ it is skipped. */
  @Test
  void everyRowHasACaseThatCudaRunsWithoutAGpu() {
    var target = Target.shims().getFirst();
    var ran = cases(target).map(OpCase::row).collect(Collectors.toCollection(TreeSet::new));
    assertEquals(rows(), ran);
    System.out.printf(
        Locale.ROOT,
        "conformance: %s: %d of %d cases, those of at most %d operations%n",
        target,
        cases(target).count(),
        CASES.size(),
        SHIM_FLOPS);
  }

  private static Set<String> rows() {
    return CASES.stream().map(OpCase::row).collect(Collectors.toCollection(TreeSet::new));
  }

  @TestFactory
  Stream<DynamicNode> conformanceOfCudaWithoutAGpu() {
    return shims().stream()
        .map(t ->
            DynamicContainer.dynamicContainer(
                t.name(),
                cases(t)
                    .map(c ->
                        DynamicTest.dynamicTest(
                            c.name(),
                            () -> {
                              try (var backend = t.open()) {
                                TRIED.add(t);
                                check(t, backend, c);
                              }
                            }))));
  }

  /** None where this process is for another device alone. */
  private static List<Target> shims() {
    return System.getProperty("drag4j.test.cpuVector", "").isEmpty()
            && System.getProperty("drag4j.test.device", "").isEmpty()
        ? Target.shims()
        : List.of();
  }

  private static void check(Target target, Backend backend, OpCase c) {
    var expectedHere =
        SupportMatrix.load().rows().getOrDefault(c.row(), Set.of()).contains(target.kind());
    var built = c.build();
    try (var weights = backend.weights(built.weights())) {
      var seen = new HashSet<List<String>>();
      for (var options : options(target, c)) {
        // Where the same kernels do the same work again, nothing more would be learnt.
        if (seen.add(steps(backend, built, weights, options))) {
          check(target, backend, c, built, weights, options);
        }
      }
      for (var options : variantOptions(target, c)) {
        if (kernels(backend, built, weights, options)) {
          RAN.add(target + " " + options.kernels().forced());
          if (seen.add(steps(backend, built, weights, options))) {
            check(target, backend, c, built, weights, options);
          }
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

  /** The kernels of a plan, by operation. */
  private static List<String> steps(
      Backend backend, CaseGraph built, DeviceWeights weights, PlanOptions options) {
    try (var plan = Plan.compile(built.graph(), backend, weights, options)) {
      if (options.kernels().exact()) {
        assertEquals(
            List.of(),
            plan.steps().stream()
                .map(Step::kernel)
                .filter(Kernel::approximate)
                .map(Kernel::name)
                .toList(),
            "approximate kernels with exact");
      }
      return plan.steps().stream().map(s -> s.node().op() + " " + s.kernel().name()).toList();
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
        .map(v -> PlanOptions.of(new KernelOptions(false, v)))
        .toList();
  }

  private static KernelOptions kernels(boolean exact) {
    return new KernelOptions(exact, Target.kernels(), Tuned.NONE);
  }

  private static List<PlanOptions> options(Target target, OpCase c) {
    var all = new ArrayList<PlanOptions>();
    all.add(PlanOptions.of(kernels(false)));
    all.add(PlanOptions.of(kernels(true)));
    for (var family : FAMILIES.getOrDefault(target.kind(), List.of())) {
      var forced = LABELS.stream().collect(Collectors.toMap(l -> l, _ -> family));
      all.add(PlanOptions.of(new KernelOptions(false, forced)));
    }
    all.add(new PlanOptions(kernels(false), Set.of("all")));
    if (c.row().startsWith("fusion ") || c.row().equals("block")) {
      for (var fusion : Fusion.values()) {
        all.add(new PlanOptions(kernels(false), Set.of(fusion.label())));
      }
    }
    return all;
  }

  @TestFactory
  Stream<DynamicNode> support() {
    return Stream.concat(
        OPEN.entrySet().stream()
            .map(e ->
                DynamicTest.dynamicTest(
                    e.getKey().name(),
                    () -> support(e.getKey(), SupportMatrix.supported(e.getValue(), CASES)))),
        shims().stream()
            .map(t -> DynamicTest.dynamicTest(t.name(), () -> support(t, supportedByTurns(t)))));
  }

  private static void support(Target target, Set<String> supported) {
    assertEquals(List.of(), SupportMatrix.load().differences(target.kind(), supported, rows()));
  }

  /**
   * As {@link SupportMatrix#supported}, with a device for some of the cases at a time: the driver
   * in Java keeps all memory it ever gave away.
   */
  private static Set<String> supportedByTurns(Target target) {
    var supported = rows();
    CASES.stream()
        .gather(Gatherers.windowFixed(64))
        .forEach(cases -> {
          try (var backend = target.open()) {
            var here = SupportMatrix.supported(backend, cases);
            cases.stream()
                .map(OpCase::row)
                .filter(r -> !here.contains(r))
                .forEach(supported::remove);
          }
        });
    return supported;
  }
}
