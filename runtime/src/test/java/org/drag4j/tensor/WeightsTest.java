package org.drag4j.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WeightsTest {
  private record Names(Map<String, Shape> shapes) implements WeightSource {
    @Override
    public String origin() {
      return "model.safetensors";
    }

    @Override
    public Set<String> names() {
      return shapes.keySet();
    }

    @Override
    public Optional<Entry> entry(String name) {
      return Optional.ofNullable(shapes.get(name)).map(s -> new Entry(s, DType.F16));
    }

    @Override
    public MemorySegment bytes(String name, Arena arena) {
      return MemorySegment.NULL;
    }
  }

  private final Weights root = Weights.of(new Names(Map.of("a.0.weight", Shape.of(2, 3))));

  @Test
  void aPathIsWalkedLevelByLevel() {
    var w = root.at("a").at(0);
    assertEquals("a.0", w.prefix());
    assertTrue(w.has("weight"));
    assertFalse(w.has("bias"));
    assertEquals(Param.of("a.0.weight", Shape.of(2, 3)), w.require("weight", Shape.of(2, 3)));
  }

  @Test
  void whatIsMissingOrOfAnotherShapeIsNamed() {
    var w = root.at("a").at(0);
    var missing = assertThrows(WeightMismatchException.class, () -> w.require("bias", Shape.of(2)));
    assertEquals(
        "model.safetensors: a.0.bias: expected [2], got no tensor of that name; check that"
            + " config.json and weights belong together",
        missing.getMessage());
    var other =
        assertThrows(WeightMismatchException.class, () -> w.require("weight", Shape.of(3, 2)));
    assertEquals(
        "model.safetensors: a.0.weight: expected [3, 2], got [2, 3]; check that config.json and"
            + " weights belong together",
        other.getMessage());
  }
}
