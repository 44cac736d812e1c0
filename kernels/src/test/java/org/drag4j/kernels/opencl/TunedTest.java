package org.drag4j.kernels.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.drag4j.device.Candidate;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Tuned;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.trace.Trace;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** What was measured is followed where it can be. */
class TunedTest {
  private static OpenClBackend open() {
    return OpenClBackend.open(OpenClFailureTest.firstDevice(), DType.F32, ProgramCache.none());
  }

  private static Value convolution() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(1, 32, 32, 64), DType.F32);
    var w = g.weight(Param.filter("w", 64, 3, 3, 64));
    return g.node(new Op.Conv2d(1, 1, 1, false), "conv", x, w);
  }

  private static Value linear() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(1, 100, 64), DType.F32);
    return g.node(new Op.Linear(false), "linear", x, g.weight(Param.of("w", Shape.of(80, 64))));
  }

  private static KernelOptions options(boolean exact, Value node, String... ranking) {
    return new KernelOptions(exact, Map.of(), new Tuned(Map.of(Tuned.key(node), List.of(ranking))));
  }

  private static List<String> names(OpenClBackend backend, Value node, KernelOptions options) {
    return backend.candidates(node, options).map(Candidate::name).toList();
  }

  private static String chosen(OpenClBackend backend, Value node, KernelOptions options) {
    return backend.select(node, options).orElseThrow().name();
  }

  @Test
  void everyVariantCanBeRecorded() {
    try (var backend = open()) {
      for (var node : List.of(convolution(), linear())) {
        var variants = names(backend, node, KernelOptions.DEFAULT);
        assertTrue(variants.size() > 1, variants.toString());
        assertEquals(
            chosen(backend, node, KernelOptions.DEFAULT),
            chosen(backend, node, options(false, node, variants.getFirst())));
        for (var variant : variants) {
          var name = chosen(backend, node, options(false, node, "unheard_of", variant));
          assertTrue(name.contains(variant.replaceFirst("_\\d.*", "")), variant + ": " + name);
        }
      }
    }
  }

  @Test
  void exactTakesNoApproximateKernel() {
    try (var backend = open()) {
      Assumptions.assumeTrue(backend.context().variant() == Variant.PANEL, "a processor");
      var node = convolution();
      var f4 = chosen(backend, node, options(false, node, "winograd_f4"));
      assertTrue(f4.contains("winograd_f4"), f4);
      var own = chosen(backend, node, new KernelOptions(true, Map.of()));
      assertEquals(own, chosen(backend, node, options(true, node, "winograd_f4")));
      assertFalse(own.contains("winograd_f4"), own);
      assertFalse(names(backend, node, new KernelOptions(true, Map.of())).contains("winograd_f4"));
      var forced = Map.of("conv2d", List.of("panel"));
      var tuned = options(false, node, "winograd_f4").tuned();
      var panel = chosen(backend, node, new KernelOptions(false, forced, tuned));
      assertTrue(panel.contains("panel"), panel);
    }
  }

  @Test
  void howWorkIsCutDoesNotChangeResults() {
    var cuts = List.of("panel_12_rows", "panel_12_panels", "panel_24_rows", "panel_96_panels");
    try (var backend = open()) {
      Assumptions.assumeTrue(backend.context().variant() == Variant.PANEL, "a processor");
      var forced = Map.of("conv2d", "panel");
      var right =
          Network.run(
              backend, Trace.OFF, PlanOptions.of(new KernelOptions(false, forced)), DType.F16);
      var node = linear();
      var key = "conv2d/1x9x7x24/24x3x3x24/s1/p1-1";
      for (var cut : cuts) {
        assertTrue(names(backend, node, KernelOptions.DEFAULT).contains(cut), cut);
        var tuned = new KernelOptions(false, Map.of(), new Tuned(Map.of(key, List.of(cut))));
        var other = Network.run(backend, Trace.OFF, PlanOptions.of(tuned), DType.F16);
        assertArrayEquals(right, other, cut);
      }
    }
  }

  @Test
  void longSumsAreMadeOfShorterOnesWhereResultsAreToBeExact() {
    try (var backend = open()) {
      for (var variant : List.of("panel", "tile")) {
        var node = linear();
        var forced = Map.of("linear", variant);
        var exact = chosen(backend, node, new KernelOptions(true, forced));
        assertTrue(exact.endsWith("_parts"), exact);
        assertEquals(exact, chosen(backend, node, new KernelOptions(false, forced)) + "_parts");
      }
    }
  }

  @Test
  void theKeyTellsActivationsApart() {
    var device = OpenClFailureTest.firstDevice().name();
    var provider = new OpenClProvider();
    var none = OptionalInt.empty();
    var single = provider.tuningKey(device, new DeviceOptions(none, none, DType.F32));
    var half = provider.tuningKey(device, new DeviceOptions(none, none, DType.F16));
    assertNotEquals(single, half);
    assertTrue(single.orElseThrow().startsWith(device + "\n"), single.toString());
  }
}
