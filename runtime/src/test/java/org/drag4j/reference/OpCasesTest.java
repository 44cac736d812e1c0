package org.drag4j.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.drag4j.device.KernelOptions;
import org.drag4j.graph.Op;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.trace.Trace;
import org.junit.jupiter.api.Test;

class OpCasesTest {
  @Test
  void namesAreUnique() {
    var seen = new HashSet<String>();
    assertEquals(
        List.of(), OpCases.all().stream().map(OpCase::name).filter(n -> !seen.add(n)).toList());
  }

  @Test
  void everyOperationHasACaseInEveryMode() {
    var all = List.of(OpCases.all(), List.of(OpCases.everyOp()), OpCases.drawn(1));
    for (var cases : all) {
      var labels =
          cases.stream()
              .flatMap(c -> c.build().graph().live().stream())
              .map(v -> v.op().label())
              .collect(Collectors.toSet());
      assertTrue(labels.containsAll(Op.labels()), labels::toString);
    }
  }

  @Test
  void aSeedGivesSizesAndNumbers() {
    var one = OpCases.drawn(1);
    var again = OpCases.drawn(1);
    var other = OpCases.drawn(2);
    assertEquals(
        one.stream().map(OpCase::name).toList(), other.stream().map(OpCase::name).toList());
    for (int i = 0; i < one.size(); i++) {
      var name = one.get(i).name();
      assertArrayEquals(y(one.get(i)), y(again.get(i)), name);
      assertFalse(Arrays.equals(y(one.get(i)), y(other.get(i))), name);
    }
  }

  private static double[] y(OpCase c) {
    return Evaluation.by(Meaning.EXACT).of(c.build()).getOrDefault("y", new double[0]);
  }

  /** Plans of the reference device give what the graph's evaluation gives, rounded to float. */
  @Test
  void theReferenceDeviceRunsEveryCase() {
    for (var c : OpCases.drawn(3)) {
      var built = c.build();
      var backend = new ReferenceBackend(Meaning.SINGLE);
      try (var compiled = CompiledCase.open(backend, built, PlanOptions.DEFAULT)) {
        compiled.run(0, Trace.OFF);
        var expected = Evaluation.by(Meaning.SINGLE).of(built);
        expected.forEach((name, values) -> {
          float[] got = compiled.plan().tensor(name).read();
          for (int i = 0; i < got.length; i++) {
            assertEquals(values[i], got[i], c + ": " + name + " at " + i);
          }
        });
      }
    }
  }

  @Test
  void timedCasesAreOfTheSizesAsked() {
    assertEquals(Shape.of(1, 8, 8, 12), shape(OpCases.timed("conv2d", 16, 4, 12, 3, 2)));
    assertEquals(Shape.of(1, 9, 10), shape(OpCases.timed("attention", 2, 9, 7, 5)));
    assertEquals(Shape.of(1, 4, 4, 64), shape(OpCases.timed("group_norm", 4, 64)));
    assertEquals(Shape.of(1, 7, 5), shape(OpCases.timed("linear", 7, 3, 5)));
    assertThrows(IllegalArgumentException.class, () -> OpCases.timed("fourier", 7));
  }

  private static Shape shape(OpCase c) {
    return c.build().graph().outputs().values().iterator().next().shape();
  }

  /** In several ways, on the same memory: the tuner's use. */
  @Test
  void aNodeOfANetworkIsACaseByItself() {
    var network = new CaseGraph(1, DType.BF16);
    var y = network.linear(network.input("x", 2, 3, 4), 5, true).silu();
    var stages = List.<Op>of(new Op.Unary(Op.UnaryFn.SILU));
    var linear = y.in(0);
    var graph = linear.graph();
    var fused =
        graph.node(
            new Op.Fused(linear.op(), stages), "p", linear.in(0), linear.in(1), linear.in(2));
    var alone = CaseGraph.of(fused, network.weights());
    assertEquals(Set.of("x0"), alone.inputs().keySet());
    assertEquals(new Op.Linear(true), alone.graph().outputs().values().iterator().next().op());
    assertEquals(network.weights().names(), alone.weights().names());
    assertEquals(DType.BF16, alone.weights().entry("linear0.weight").orElseThrow().dtype());
    assertNotEquals(0, alone.inputs().getOrDefault("x0", new double[1])[0]);
    var ways = List.of(external(false), external(true));
    var backend = new ReferenceBackend(Meaning.EXACT);
    try (var compiled = CompiledCase.open(backend, alone, ways)) {
      compiled.run(1, Trace.OFF);
      var first = compiled.plan(0).tensor("y").read();
      assertTrue(first[0] != 0);
      assertArrayEquals(first, compiled.plan(1).tensor("y").read());
    }
  }

  private static PlanOptions external(boolean exact) {
    return PlanOptions.of(new KernelOptions(exact, Map.of()));
  }

  /** Where a half is what a device keeps, inputs are written as halves. */
  @Test
  void inputsAreWrittenInTheTypeOfTheirTensor() {
    var g = new CaseGraph(1, DType.F32);
    g.input("x", () -> 0.5, 3);
    var memory = new ReferenceBackend(Meaning.EXACT).allocate(6, "test");
    var halves = new Tensor(memory, 0, Shape.of(3), DType.F16);
    g.write("x", halves);
    var bits = new short[3];
    memory.read(0, MemorySegment.ofArray(bits));
    assertArrayEquals(new short[] {0x3800, 0x3800, 0x3800}, bits);
    var bytes = new Tensor(memory, 0, Shape.of(3), DType.U8);
    assertThrows(IllegalArgumentException.class, () -> g.write("x", bytes));
  }
}
