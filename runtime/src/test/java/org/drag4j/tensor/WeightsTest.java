package org.drag4j.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.drag4j.reference.MapWeights;
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

  /** An element that is not finite is found wherever it stands, in every type; others are not. */
  @Test
  void whatIsNotFiniteIsRefused() {
    double[] wrong = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
    for (var type : List.of(DType.F16, DType.BF16, DType.F32, DType.F64)) {
      for (int size : new int[] {1, 7, 5000, 20_003}) {
        var param = Param.of("w", Shape.of(size));
        double most = type == DType.F16 ? 65504 : Float.MAX_VALUE / 2;
        for (int at : new int[] {-1, 0, size / 2, size - 1}) {
          for (double value : at < 0 ? new double[] {most, -most, 0} : wrong) {
            var weights = new MapWeights();
            var next = new AtomicInteger();
            weights.put(
                "w",
                param.fileShape(),
                type,
                () -> next.getAndIncrement() == at || at < 0 ? value : -most);
            try (var arena = Arena.ofConfined()) {
              if (at < 0) {
                assertEquals(type, weights.checked(param, arena).dtype());
                continue;
              }
              var e =
                  assertThrows(WeightMismatchException.class, () -> weights.checked(param, arena));
              assertEquals(
                  "memory: w: expected finite numbers, got NaN or infinity at element "
                      + at
                      + "; fetch the file again, and if it is the same then, use another"
                      + " checkpoint",
                  e.getMessage());
            }
          }
        }
      }
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
