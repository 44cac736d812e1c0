package org.drag4j.geometry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TaskTest {
  private static final Drag REGION =
      Drag.region(new Area.Rectangle(16, 16, 31, 31), new Area.Rectangle(64, 24, 31, 31));

  private static final Drag ARROWS =
      new Drag(
          "",
          Optional.empty(),
          Optional.empty(),
          List.of(new Arrow(new Point(20, 100), new Point(60, 110))),
          Drag.Kind.POINTS);

  private static Task task(Drag... drags) {
    var drawing = Drawing.of(List.of(drags), Optional.empty(), 128, 128);
    return new Task(drawing, drawing.whole(128, 8), Border.CUT, Pairing.AS_RELEASED);
  }

  @Test
  void aRegionIsRasterisedOnceAView() {
    var drawing = Drawing.of(List.of(REGION), Optional.empty(), 128, 128);
    var area = REGION.requireHandle();
    var view = View.whole(128, 128);
    assertSame(drawing.region(area, view), drawing.region(area, view));
    // Whatever the grid over it.
    assertSame(
        drawing.region(area, view), drawing.region(area, new View(0, 0, 128, 128, 128, 128, 2, 2)));
    assertFalse(
        drawing.region(area, view).equals(drawing.region(area, View.whole(128, 128, 64, 64))));
  }

  @Test
  void aDragWithoutArrowsHasOneFromMiddleToMiddle() {
    assertEquals(
        List.of(
            new Arrow(new Point(31.5, 31.5), new Point(79.5, 39.5)),
            new Arrow(new Point(20, 100), new Point(60, 110))),
        task(REGION, ARROWS).arrows());
  }

  @Test
  void arrowsAloneHaveNoRegionToMove() {
    var task = task(REGION, ARROWS);
    assertEquals(task(REGION).handles(), task.handles());
    var e =
        assertThrows(EditDocumentException.class, () -> task.merged(Overlap.LATER_WINS).cells());
    assertTrue(String.valueOf(e.getMessage()).startsWith("drags[1]: handle: expected the region"));
  }

  @Test
  void aWindowOfArrowsAloneHoldsTheirEnds() {
    var arrows =
        new Drag(
            "",
            Optional.empty(),
            Optional.empty(),
            List.of(new Arrow(new Point(3000, 2000), new Point(3200, 1900))),
            Drag.Kind.POINTS);
    var drawing = Drawing.of(List.of(arrows), Optional.empty(), 6000, 4000);
    var view = drawing.window(512, 8).working();
    assertTrue(view.x() <= 3000 && view.x() + view.windowWidth() >= 3200, view.toString());
    assertTrue(view.y() <= 1900 && view.y() + view.windowHeight() >= 2000, view.toString());
    assertEquals(512, view.windowWidth());
  }
}
