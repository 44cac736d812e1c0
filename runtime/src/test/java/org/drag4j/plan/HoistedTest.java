package org.drag4j.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Value;
import org.drag4j.layer.Layers;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.junit.jupiter.api.Test;

/** Which nodes of a graph go where. */
class HoistedTest {
  private final Graph graph = new Graph(Hook.NONE);
  private final Value x = graph.input("x", Shape.of(1, 3, 8), DType.F32);
  private final Value context = graph.input("context", Shape.of(1, 3, 8), DType.F32);

  private static Value linear(String path, Value of) {
    return Layers.linear(path, 8, 8, true).forward(of);
  }

  private static List<String> labels(Graph graph) {
    return graph.live().stream().map(v -> v.op().label() + " " + v.path()).toList();
  }

  private static Hoisted split(Graph graph) {
    return Hoisted.of(graph, Set.of("context")).orElseThrow();
  }

  @Test
  void whatTheInputAloneDecidesIsComputedOnceAndTheRestReadsOnlyItsEnd() {
    var k = linear("k", linear("inner", context).silu());
    linear("q", x).plus(k).plus(linear("v", context)).output("y");
    var halves = split(graph);
    assertEquals(
        List.of(
            "input context",
            "weight inner.weight",
            "weight inner.bias",
            "linear inner",
            "unary inner",
            "weight k.weight",
            "weight k.bias",
            "linear k",
            "weight v.weight",
            "weight v.bias",
            "linear v"),
        labels(halves.once()));
    assertEquals(halves.names(), halves.once().outputs().sequencedKeySet());
    assertEquals(2, halves.names().size());
    var rest = labels(halves.rest());
    assertEquals(
        List.of("linear q", "binary q", "binary q"),
        rest.stream().filter(l -> !l.startsWith("input") && !l.startsWith("weight")).toList());
    assertTrue(rest.containsAll(halves.names().stream().map(n -> "input " + n).toList()));
    assertTrue(!rest.contains("input context"));
    assertEquals(Set.of("y"), halves.rest().outputs().sequencedKeySet());
  }

  @Test
  void namesDoNotDependOnWhatIsDead() {
    linear("dead", x);
    linear("q", x).plus(linear("k", context)).output("y");
    assertEquals(Set.of("k@0"), split(graph).names());
  }

  @Test
  void outputsStayWhereTheyAreAndSoDoesWhatReadsThem() {
    var k = linear("k", context).output("k");
    linear("q", x).plus(k.silu()).output("y");
    assertTrue(Hoisted.of(graph, Set.of("context")).isEmpty());
  }

  @Test
  void anInputThatBothReadIsAnInputOfBoth() {
    linear("q", x).plus(linear("k", context)).plus(context).output("y");
    var halves = split(graph);
    assertTrue(labels(halves.once()).contains("input context"));
    assertTrue(labels(halves.rest()).contains("input context"));
  }

  @Test
  void withoutConstantInputsNothingIsSplit() {
    linear("q", x).plus(linear("k", context)).output("y");
    assertTrue(Hoisted.of(graph, Set.of()).isEmpty());
    assertTrue(Hoisted.of(graph, Set.of("other")).isEmpty());
    // Weights alone are no reason either.
    var plain = new Graph(Hook.NONE);
    linear("q", plain.input("x", Shape.of(1, 8), DType.F32)).output("y");
    assertTrue(Hoisted.of(plain, Set.of("context")).isEmpty());
  }
}
