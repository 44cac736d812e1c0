package org.drag4j.geometry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.drag4j.document.EditDocument;
import org.drag4j.document.MaskSource;
import org.drag4j.method.Documents;
import org.junit.jupiter.api.Test;

class FrameTest {
  private static Drag drag(double x, double y, double size, double dx, double dy) {
    return Drag.region(
        new Area.Rectangle(x, y, size, size), new Area.Rectangle(x + dx, y + dy, size, size));
  }

  private static EditDocument document(Drag... drags) {
    return Documents.of(new EditDocument.Image("a.png", Optional.empty()), "", List.of(drags));
  }

  @Test
  void picturesOfTheModelsSizeAreSeenWhole() {
    var frame = document(drag(100, 100, 40, 20, 0)).frame(512, 500, 512, 8);
    assertTrue(frame.whole());
    assertEquals(new View(0, 0, 512, 500, 512, 496, 64, 62), frame.working());
    assertEquals(0, document(drag(100, 100, 40, 20, 0)).feather(frame));
  }

  @Test
  void aSmallChangeOfALargePictureKeepsItsResolution() {
    var frame = document(drag(3000, 2000, 200, 60, 0)).frame(6000, 4000, 512, 8);
    assertFalse(frame.whole());
    // 3000 to 3261 by 2000 to 2201, in the middle of the model's own square.
    assertEquals(new View(2874, 1844, 512, 512, 512, 512, 64, 64), frame.working());
    assertEquals(8, document(drag(3000, 2000, 200, 60, 0)).feather(frame));
    // At the picture's corner the window stays inside.
    var corner = document(drag(5900, 3900, 90, 5, 5)).frame(6000, 4000, 512, 8).working();
    assertEquals(6000 - 512, corner.x());
    assertEquals(4000 - 512, corner.y());
  }

  @Test
  void aLargeChangeIsReducedAndHasContextAround() {
    var frame = document(drag(1000, 1000, 1599, 400, 0)).frame(6000, 4000, 512, 8);
    var view = frame.working();
    assertEquals(3000, view.windowWidth());
    assertEquals(512, view.width());
    assertEquals(2000 - 1500, view.x());
    assertTrue(view.x() + view.windowWidth() >= 3000 + 400);
    assertEquals(47, document(drag(1000, 1000, 1599, 400, 0)).feather(frame));
    // A change of nearly everything sees everything.
    assertTrue(document(drag(10, 10, 3900, 1900, 0)).frame(6000, 4000, 512, 8).whole());
  }

  @Test
  void narrowPicturesAreCutToWholeCells() {
    var view = document(drag(1000, 100, 100, 60, 0)).frame(6000, 303, 512, 8).working();
    assertEquals(296, view.windowHeight());
    assertEquals(296, view.height());
    // Unless the change needs the last rows.
    assertEquals(
        303, document(drag(1000, 0, 301, 60, 0)).frame(6000, 303, 512, 8).working().windowHeight());
  }

  @Test
  void theWholePictureIsSeenWhereTheDocumentSaysSo() {
    var document = document(drag(3000, 2000, 200, 60, 0));
    var whole =
        document.withWorking(
            new EditDocument.Working(Optional.of(768), false, Optional.empty(), Optional.of(5.0)));
    var frame = whole.frame(6000, 4000, 512, 8);
    assertEquals(View.whole(6000, 4000, 768, 512), frame.working());
    assertTrue(frame.whole());
    assertEquals(5, whole.feather(frame));
    var faithful =
        document.withMethod(
            Documents.set(document, "--set", List.of("method.faithful=true"), MaskSource.NONE)
                .method());
    assertTrue(faithful.frame(6000, 4000, 512, 8).whole());
  }

  @Test
  void theMaskAndTheEndsOfArrowsAreInTheWindow() {
    var arrows =
        new Drag(
            "",
            Optional.of(new Area.Ellipse(new Point(3000, 2000), 100, 100, 0)),
            Optional.empty(),
            List.of(new Arrow(new Point(3000, 2000), new Point(3900, 2000))),
            Drag.Kind.POINTS);
    var view = document(arrows).frame(6000, 4000, 512, 8).working();
    assertTrue(view.x() <= 2900 && view.x() + view.windowWidth() >= 4000, view.toString());
    var document =
        Documents.set(
            document(drag(3000, 2000, 200, 60, 0)),
            "--set",
            List.of("mask={\"rectangle\": [100, 100, 50, 50]}"),
            MaskSource.NONE);
    var masked = document.frame(6000, 4000, 512, 8).working();
    assertTrue(masked.x() <= 100 && masked.x() + masked.windowWidth() >= 3260);
  }

  @Test
  void whatMayChangeIsTheMaskOrTheRegionsWithAMargin() {
    var document = document(drag(20, 20, 10, 20, 0));
    var frame = document.frame(128, 64, 128, 8);
    var change = document.change(frame).orElseThrow();
    int[] bounds = change.bounds();
    assertEquals(List.of(4, 4, 67, 47), List.of(bounds[0], bounds[1], bounds[2], bounds[3]));
    var narrow = Documents.set(document, "--set", List.of("working.margin=2.4"), MaskSource.NONE);
    assertEquals(18, narrow.change(frame).orElseThrow().bounds()[0]);
    var masked =
        Documents.set(
            document, "--set", List.of("mask={\"rectangle\": [0, 0, 9, 9]}"), MaskSource.NONE);
    assertEquals(100, masked.change(frame).orElseThrow().count());
    var faithful =
        Documents.set(document, "--set", List.of("method.faithful=true"), MaskSource.NONE);
    assertTrue(faithful.change(frame).isEmpty());
    // In a window that is reduced by two the margin is as the model sees it.
    var large = document(drag(400, 400, 498, 183, 0));
    var reduced = large.frame(2000, 2000, 512, 8);
    assertEquals(1023, reduced.working().windowWidth());
    int left = large.change(reduced).orElseThrow().bounds()[0] + reduced.working().x();
    assertEquals(400 - 32, left);
  }
}
