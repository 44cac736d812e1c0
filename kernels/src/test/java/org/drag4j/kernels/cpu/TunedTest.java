package org.drag4j.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.drag4j.device.Candidate;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Tuned;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** What was measured is followed where it can be. */
class TunedTest {
  private static Value convolution(int kernel, int pad) {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(1, 32, 32, 64), DType.F32);
    var w = g.weight(Param.filter("w", 64, kernel, kernel, 64));
    return g.node(new Op.Conv2d(1, pad, pad, false), "conv", x, w);
  }

  private static String chosen(
      Value node, boolean exact, Map<String, List<String>> forced, Tuned tuned) {
    try (var backend = new CpuBackend(1, VectorWidth.ofThisProcessor())) {
      return backend.select(node, new KernelOptions(exact, forced, tuned)).orElseThrow().name();
    }
  }

  private static List<String> names(CpuBackend backend, Value node) {
    return backend.candidates(node, KernelOptions.DEFAULT).map(Candidate::name).toList();
  }

  private static String chosen(Value node, boolean exact, String... ranking) {
    return chosen(node, exact, Map.of(), new Tuned(Map.of(Tuned.key(node), List.of(ranking))));
  }

  private static void requireVectors() {
    Assumptions.assumeTrue(VectorWidth.ofThisProcessor() > 0, "Winograd needs vectors");
  }

  @Test
  void theFastestIsTakenWhateverTheCostModelSays() {
    requireVectors();
    var node = convolution(3, 1);
    for (var variant : List.of("direct", "winograd_f2", "winograd_f4")) {
      assertTrue(chosen(node, false, variant).contains(variant), variant);
    }
  }

  @Test
  void exactTakesNoApproximateKernel() {
    requireVectors();
    var node = convolution(3, 1);
    assertTrue(chosen(node, true, "winograd_f4", "direct").contains("direct"));
    var own = chosen(node, true, Map.of(), Tuned.NONE);
    assertEquals(own, chosen(node, true, "winograd_f4"));
    assertFalse(own.contains("winograd_f4"), own);
  }

  @Test
  void whatCannotRunIsIgnored() {
    var node = convolution(3, 0);
    var own = chosen(node, false, Map.of(), Tuned.NONE);
    assertEquals(own, chosen(node, false, "winograd_f4", "no_such_kernel"));
    assertEquals(own, chosen(node, false));
  }

  @Test
  void theUsersForceIsStronger() {
    requireVectors();
    var node = convolution(3, 1);
    var tuned = new Tuned(Map.of(Tuned.key(node), List.of("winograd_f4")));
    var forced = chosen(node, false, Map.of("conv2d", List.of("direct")), tuned);
    assertTrue(forced.contains("direct"), forced);
  }

  @Test
  void thereIsAChoiceBetweenConvolutionsAndANameOfEveryKernel() {
    requireVectors();
    var node = convolution(3, 1);
    try (var backend = new CpuBackend(1, VectorWidth.ofThisProcessor())) {
      var variants = names(backend, node);
      assertEquals(3, variants.size(), variants.toString());
      var own = backend.select(node, KernelOptions.DEFAULT).orElseThrow().name();
      assertTrue(own.contains(variants.getFirst()), own + " of " + variants);
      assertEquals(List.of("direct"), names(backend, convolution(1, 0)));
      var silu = node.silu();
      assertEquals(List.of("row"), names(backend, silu));
    }
  }

  @Test
  void anUnknownNameIsRefusedWithTheNamesThereAre() {
    try (var backend = new CpuBackend(1, VectorWidth.ofThisProcessor())) {
      for (var op : backend.kernels().entrySet()) {
        var unknown = new KernelOptions(false, Map.of(op.getKey(), "no_such"));
        var e = assertThrows(DeviceException.class, () -> backend.check(unknown));
        assertEquals(
            "cpu: --kernel "
                + op.getKey()
                + "=no_such: expected one of "
                + String.join(", ", op.getValue())
                + ", got no_such",
            e.getMessage());
        backend.check(new KernelOptions(false, Map.of(op.getKey(), op.getValue().getLast())));
      }
      var op = new KernelOptions(false, Map.of("fourier", "row"));
      var e = assertThrows(DeviceException.class, () -> backend.check(op));
      assertTrue(
          String.valueOf(e.getMessage()).endsWith("unary, upsample, got fourier"), e.toString());
    }
  }

  @Test
  void theFirstForcedNameThatCanIsTaken() {
    requireVectors();
    var forced = Map.of("conv2d", List.of("winograd_f2", "direct"));
    assertTrue(chosen(convolution(3, 1), false, forced, Tuned.NONE).contains("winograd_f2"));
    assertTrue(chosen(convolution(1, 0), false, forced, Tuned.NONE).contains("direct"));
  }

  @Test
  void theKeyTellsThreadsAndVectorsApart() {
    var provider = new CpuProvider();
    var one = provider.tuningKey("cpu", new DeviceOptions(OptionalInt.of(1), OptionalInt.of(0)));
    var two = provider.tuningKey("cpu", new DeviceOptions(OptionalInt.of(2), OptionalInt.of(0)));
    var wide = provider.tuningKey("cpu", new DeviceOptions(OptionalInt.of(1), OptionalInt.of(256)));
    assertNotEquals(one, two);
    assertNotEquals(one, wide);
    assertEquals(
        one, provider.tuningKey("cpu", new DeviceOptions(OptionalInt.of(1), OptionalInt.of(0))));
  }
}
