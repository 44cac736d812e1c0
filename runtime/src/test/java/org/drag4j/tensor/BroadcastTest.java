package org.drag4j.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BroadcastTest {
  private static final Shape LARGER = Shape.of(2, 3, 4, 5);

  /** Counts and strides in turns, innermost first. */
  private static void loops(Shape smaller, long... countsAndStrides) {
    var loops = Broadcast.loops(LARGER, smaller);
    assertEquals(countsAndStrides.length, 2 * loops.size(), loops.toString());
    for (int i = 0; i < loops.size(); i++) {
      assertEquals(
          new Broadcast.Loop(countsAndStrides[2 * i], countsAndStrides[2 * i + 1]), loops.get(i));
    }
  }

  @Test
  void loopsJoinWhatIsThereOrNot() {
    loops(LARGER, 120, 1);
    loops(Shape.of(5), 5, 1, 24, 0);
    loops(Shape.of(4, 5), 20, 1, 6, 0);
    loops(Shape.of(2, 1, 1, 5), 5, 1, 12, 0, 2, 5);
    loops(Shape.of(3, 1, 1), 20, 0, 3, 1, 2, 0);
    loops(Shape.of(1), 120, 0);
  }

  @Test
  void aSingleElementIsOneLoop() {
    assertEquals(
        List.of(new Broadcast.Loop(1, 1)), Broadcast.loops(Shape.of(1, 1), Shape.of(1, 1)));
  }

  private static void rows(Shape smaller, int repeat, int rows) {
    assertEquals(Optional.of(new Broadcast.Rows(repeat, rows)), Broadcast.rows(LARGER, smaller));
  }

  @Test
  void rowsThatFollowEachOther() {
    rows(LARGER, 1, 24);
    rows(Shape.of(5), 24, 1);
    rows(Shape.of(4, 5), 1, 4);
    rows(Shape.of(2, 1, 1, 5), 12, 2);
    rows(Shape.of(3, 1, 5), 4, 3);
  }

  @Test
  void othersHaveNone() {
    assertEquals(Optional.empty(), Broadcast.rows(LARGER, Shape.of(1)));
    assertEquals(Optional.empty(), Broadcast.rows(LARGER, Shape.of(2, 1, 4, 5)));
  }
}
