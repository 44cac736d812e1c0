package org.drag4j.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.drag4j.layer.Attention;
import org.drag4j.layer.Layers;
import org.drag4j.layer.Linear;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.junit.jupiter.api.Test;

/** What is live, what hooks see and what they do. */
class GraphTest {
  private static final int DIM = 8;
  private static final String KEY = "block.attn1#self_key";
  private static final String VALUE = "block.attn1#self_value";

  @Test
  void deadCodeIsNotLive() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(1, 4), DType.F32);
    g.input("unused", Shape.of(1), DType.F32);
    var h = x.silu();
    h.gelu();
    h.output("y");
    assertEquals(List.of(x, h), g.live());
  }

  @Test
  void aMiddleOutputLeavesOutTheRest() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(1, 3, DIM), DType.F32);
    var mid = linear("first").forward(x).output("mid");
    linear("second").forward(mid);
    assertEquals(List.of("x", "first.weight", "first"), paths(g));
  }

  @Test
  void sharedValuesAreLiveOnceAndInOrder() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(1, 4), DType.F32);
    var a = x.silu();
    var b = a.plus(x);
    b.plus(a).output("y");
    var live = g.live();
    assertEquals(4, live.size());
    for (int i = 1; i < live.size(); i++) {
      assertTrue(live.get(i - 1).id() < live.get(i).id());
    }
  }

  @Test
  void weightsOfOneNameAreOneValue() {
    var g = new Graph(Hook.NONE);
    assertSame(g.weight(Param.of("w", Shape.of(2))), g.weight(Param.of("w", Shape.of(2))));
  }

  @Test
  void namesAreTakenOnce() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(1), DType.F32);
    assertThrows(IllegalArgumentException.class, () -> g.input("x", Shape.of(1), DType.F32));
    var y = x.silu().output("y");
    y.output("y"); // the same value again changes nothing
    assertThrows(IllegalArgumentException.class, () -> x.output("y"));
  }

  @Test
  void exposedValuesHaveTheirSites() {
    var seen = new ArrayList<String>();
    attention((site, v) -> {
      seen.add(site.toString());
      return v;
    });
    assertEquals(
        List.of(
            "block.attn1.to_q#output",
            "block.attn1.to_k#output",
            KEY,
            "block.attn1.to_v#output",
            VALUE,
            "block.attn1.to_out.0#output",
            "block.attn1#output"),
        seen);
  }

  @Test
  void captureAddsOutputsAndChangesNothing() {
    var plain = attention(Hook.NONE);
    var captured = attention(Hook.capture(Site::isSelfKeyOrValue));
    assertEquals(paths(plain), paths(captured));
    assertEquals(List.of(KEY, VALUE, "y"), List.copyOf(captured.outputs().sequencedKeySet()));
    assertEquals("block.attn1.to_k", captured.outputs().firstEntry().getValue().path());
  }

  @Test
  void injectionMakesInputsAndKillsTheProjections() {
    var g = attention(Hook.inject(Site::isSelfKeyOrValue));
    var paths = paths(g);
    assertTrue(paths.containsAll(List.of(KEY, VALUE)), paths.toString());
    assertFalse(paths.stream().anyMatch(p -> p.contains("to_k") || p.contains("to_v")));
    var key = g.live().stream().filter(v -> v.path().equals(KEY)).findFirst().orElseThrow();
    assertEquals(new Op.Input(KEY), key.op());
    assertEquals(Shape.of(2, 5, DIM), key.shape());
  }

  @Test
  void hooksCompose() {
    var g =
        attention(
            Hook.capture(s -> s.kind() == SiteKind.SELF_KEY)
                .then(Hook.inject(s -> s.kind() == SiteKind.SELF_KEY)));
    // Captured first: the output is the projection, what goes on is the input.
    assertEquals("block.attn1.to_k", g.outputs().firstEntry().getValue().path());
    assertTrue(paths(g).containsAll(List.of(KEY, "block.attn1.to_k")));

    var injectedFirst =
        attention(
            Hook.inject(s -> s.kind() == SiteKind.SELF_KEY)
                .then(Hook.capture(s -> s.kind() == SiteKind.SELF_KEY)));
    assertEquals(KEY, injectedFirst.outputs().firstEntry().getValue().path());
    assertFalse(paths(injectedFirst).contains("block.attn1.to_k"));
  }

  private static Graph attention(Hook hook) {
    var g = new Graph(hook);
    var path = "block.attn1";
    var attn =
        new Attention(
            path,
            Attention.Kind.SELF,
            2,
            linear(path + ".to_q"),
            linear(path + ".to_k"),
            linear(path + ".to_v"),
            linear(path + ".to_out.0"));
    var x = g.input("x", Shape.of(2, 5, DIM), DType.F32);
    attn.forward(x, x).output("y");
    return g;
  }

  private static Linear linear(String path) {
    return Layers.linear(path, DIM, DIM, false);
  }

  private static List<String> paths(Graph g) {
    return g.live().stream().map(Value::path).distinct().toList();
  }
}
