package org.drag4j.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class ShapeTest {
  @Test
  void dimensionsCountFromBothEnds() {
    var s = Shape.of(2, 3, 5);
    assertEquals(3, s.rank());
    assertEquals(2, s.dim(0));
    assertEquals(5, s.dim(-1));
    assertEquals(3, s.dim(-2));
    assertEquals(30, s.size());
    assertEquals(1, Shape.of().size());
    assertEquals(0, Shape.of(4, 0).size());
    assertEquals("[2, 3, 5]", s.toString());
  }

  @Test
  void replacedDimensionsLeaveTheOthers() {
    assertEquals(Shape.of(2, 3, 7), Shape.of(2, 3, 5).withLast(7));
    assertEquals(Shape.of(2, 9, 5), Shape.of(2, 3, 5).with(1, 9));
  }

  @Test
  void negativeDimensionsAreRefused() {
    var e = assertThrows(IllegalArgumentException.class, () -> Shape.of(2, -1));
    assertEquals("shape [2, -1]: expected dimensions >= 0", e.getMessage());
  }

  @Test
  void sizesBeyondALongAreRefused() {
    var s = new Shape(List.of(1 << 30, 1 << 30, 1 << 30));
    assertThrows(ArithmeticException.class, s::size);
  }
}
