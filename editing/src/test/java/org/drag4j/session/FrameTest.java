package org.drag4j.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.drag4j.document.EditDocument;
import org.drag4j.document.MaskSource;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.Arrow;
import org.drag4j.geometry.Drag;
import org.drag4j.geometry.Drawing;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.geometry.Frame;
import org.drag4j.geometry.Overlap;
import org.drag4j.geometry.Point;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.Task;
import org.drag4j.geometry.View;
import org.drag4j.method.Documents;
import org.drag4j.method.Result;
import org.drag4j.picture.Picture;
import org.junit.jupiter.api.Test;

class FrameTest {
  private static Drag drag(double x, double y, double size, double dx, double dy) {
    return Drag.region(
        new Area.Rectangle(x, y, size, size), new Area.Rectangle(x + dx, y + dy, size, size));
  }

  private static EditDocument document(Drag... drags) {
    return Documents.of(new EditDocument.Image("a.png", Optional.empty()), "", List.of(drags));
  }

  /** An edit of a picture of which nothing but the size matters. */
  private static CheckedEdit edit(EditDocument document, int width, int height) {
    return new CheckedEdit(
        document,
        Picture.of(1, 1, new byte[3]),
        List.of(),
        Drawing.of(document.drags(), document.mask(), width, height));
  }

  private static Frame frame(EditDocument document, int width, int height, int nativeSize) {
    return edit(document, width, height).tasks(nativeSize, 8).getFirst().frame();
  }

  /** What may change, of what the drags move. */
  private static RegionMask change(EditDocument document, int width, int height, int nativeSize) {
    var edit = edit(document, width, height);
    var task = edit.tasks(nativeSize, 8).getFirst();
    return changeOf(edit, task);
  }

  private static RegionMask changeOf(CheckedEdit edit, Task task) {
    var moved = task.merged(Overlap.LATER_WINS).pixels();
    return Finishing.of(edit, edit.original(), task).change(new Result.Latent(new float[0], moved));
  }

  private static EditDocument set(EditDocument document, String assignment) {
    return Documents.set(document, "--set", List.of(assignment), MaskSource.NONE);
  }

  private static int feather(EditDocument document, int width, int height) {
    var edit = edit(document, width, height);
    return Finishing.of(edit, edit.original(), edit.tasks(512, 8).getFirst()).feather();
  }

  @Test
  void picturesOfTheModelsSizeAreSeenWhole() {
    var frame = frame(document(drag(100, 100, 40, 20, 0)), 512, 500, 512);
    assertTrue(frame.whole());
    assertEquals(new View(0, 0, 512, 500, 512, 496, 64, 62), frame.working());
    var drag = document(drag(100, 100, 40, 20, 0));
    assertEquals(8, feather(drag, 512, 500));
    assertEquals(0, feather(set(drag, "working.seams=plain"), 512, 500));
    assertEquals(0, feather(set(drag, "method.faithful=true"), 512, 500));
  }

  @Test
  void aSmallChangeOfALargePictureKeepsItsResolution() {
    var frame = frame(document(drag(3000, 2000, 200, 60, 0)), 6000, 4000, 512);
    assertFalse(frame.whole());
    // 3000 to 3261 by 2000 to 2201, in the middle of the model's own square within 32 pixels.
    assertEquals(new View(2880, 1856, 512, 512, 512, 512, 64, 64), frame.working());
    var one = set(document(drag(3000, 2000, 200, 60, 0)), "working.windows=one");
    assertEquals(
        new View(2874, 1844, 512, 512, 512, 512, 64, 64), frame(one, 6000, 4000, 512).working());
    var drag = document(drag(3000, 2000, 200, 60, 0));
    assertEquals(8, feather(drag, 6000, 4000));
    assertEquals(8, feather(set(drag, "working.seams=plain"), 6000, 4000));
    // At the picture's corner the window stays inside.
    var corner = frame(document(drag(5900, 3900, 70, 25, 5)), 6000, 4000, 512).working();
    assertEquals(6000 - 512, corner.x());
    assertEquals(4000 - 512, corner.y());
  }

  @Test
  void aLargeChangeIsReducedAndHasContextAround() {
    var frame = frame(document(drag(1000, 1000, 1599, 400, 0)), 6000, 4000, 512);
    var view = frame.working();
    // 3000 in steps of 256, from a place in steps of 384.
    assertEquals(3072, view.windowWidth());
    assertEquals(512, view.width());
    assertEquals(384, view.x());
    assertTrue(view.x() + view.windowWidth() >= 3000 + 400);
    assertEquals(48, feather(document(drag(1000, 1000, 1599, 400, 0)), 6000, 4000));
    // A change of nearly everything sees everything.
    assertTrue(frame(document(drag(10, 10, 3900, 1900, 0)), 6000, 4000, 512).whole());
  }

  @Test
  void narrowPicturesAreCutToWholeCells() {
    var view = frame(document(drag(1000, 100, 100, 60, 0)), 6000, 303, 512).working();
    assertEquals(296, view.windowHeight());
    assertEquals(296, view.height());
    // Unless the change needs the last rows.
    assertEquals(
        303, frame(document(drag(1000, 0, 301, 60, 0)), 6000, 303, 512).working().windowHeight());
  }

  @Test
  void theWholePictureIsSeenWhereTheDocumentSaysSo() {
    var document = document(drag(3000, 2000, 200, 60, 0));
    var whole =
        document.withWorking(
            new EditDocument.Working(
                Optional.of(768),
                true,
                false,
                EditDocument.Windows.FITTED,
                Optional.empty(),
                Optional.empty(),
                Optional.of(5.0),
                EditDocument.Seams.PLAIN,
                0));
    var frame = frame(whole, 6000, 4000, 512);
    assertEquals(View.whole(6000, 4000, 768, 512), frame.working());
    assertTrue(frame.whole());
    assertEquals(5, feather(whole, 6000, 4000));
    var faithful = document.withMethod(set(document, "method.faithful=true").method());
    assertTrue(frame(faithful, 6000, 4000, 512).whole());
  }

  /** What the page says of the size holds for a picture that is smaller. */
  @Test
  void aSmallPictureIsEnlargedToTheSizeThatIsAskedFor() {
    var document = document(drag(20, 20, 10, 20, 0));
    var large = Documents.set(document, "--set", List.of("working.size=512"), MaskSource.NONE);
    var frame = frame(large, 128, 64, 64);
    assertEquals(View.whole(128, 64, 512, 256), frame.working());
    assertTrue(frame.whole());
    // 16 pixels as the model sees them are 4 of the picture.
    assertEquals(16, change(large, 128, 64, 64).bounds()[0]);
    assertEquals(List.of(), edit(large, 128, 64).warnings(edit(large, 128, 64).tasks(64, 8)));
    // Without a size the picture keeps its own, whatever the model's.
    assertEquals(View.whole(128, 64, 128, 64), frame(document, 128, 64, 512).working());
    // An old document says that nothing is enlarged.
    var old = Documents.set(large, "--set", List.of("working.enlarge=false"), MaskSource.NONE);
    assertEquals(View.whole(128, 64, 128, 64), frame(old, 128, 64, 64).working());
    assertEquals(
        List.of(
            "working.size: the picture of 128x64 is not enlarged to 512; set working.enlarge=true"),
        edit(old, 128, 64).warnings(edit(old, 128, 64).tasks(64, 8)));
    // At most until a latent cell is a pixel.
    var icon = document(drag(2, 2, 8, 6, 0));
    var huge = Documents.set(icon, "--set", List.of("working.size=129"), MaskSource.NONE);
    var e = assertThrows(EditDocumentException.class, () -> frame(huge, 16, 16, 512));
    assertEquals(
        "working.size: expected at most 8 times the longer side of the picture of 16x16, 128, got"
            + " 129; choose a smaller size",
        e.getMessage());
    // What is far outside stays there.
    var far = document(drag(-60_000, -60_000, 60_008, 0, 0));
    var seen = Documents.set(far, "--set", List.of("working.size=128"), MaskSource.NONE);
    assertEquals(8 * 8, edit(seen, 16, 16).tasks(512, 8).getFirst().handles().count());
    var most = Documents.set(icon, "--set", List.of("working.size=128"), MaskSource.NONE);
    assertEquals(View.whole(16, 16, 128, 128), frame(most, 16, 16, 512).working());
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
    var view = frame(document(arrows), 6000, 4000, 512).working();
    assertTrue(view.x() <= 2900 && view.x() + view.windowWidth() >= 4000, view.toString());
    var document =
        Documents.set(
            document(drag(3000, 2000, 200, 60, 0)),
            "--set",
            List.of("mask={\"rectangle\": [100, 100, 50, 50]}"),
            MaskSource.NONE);
    var masked = frame(set(document, "working.windows=one"), 6000, 4000, 512).working();
    assertTrue(masked.x() <= 100 && masked.x() + masked.windowWidth() >= 3260);
    // A window that is fitted to the drags cuts a mask that would cost resolution.
    assertEquals(512, frame(document, 6000, 4000, 512).working().windowWidth());
    var near = set(document, "mask={\"rectangle\": [2950, 1950, 60, 60]}");
    var both = frame(near, 6000, 4000, 512).working();
    assertTrue(both.x() <= 2950 && both.y() <= 1950 && both.windowWidth() == 512);
  }

  @Test
  void whatMayChangeIsTheMaskOrTheRegionsWithAMargin() {
    var document = document(drag(20, 20, 10, 20, 0));
    var change = change(document, 128, 64, 128);
    int[] bounds = change.bounds();
    assertEquals(List.of(4, 4, 67, 47), List.of(bounds[0], bounds[1], bounds[2], bounds[3]));
    var narrow = Documents.set(document, "--set", List.of("working.margin=2.4"), MaskSource.NONE);
    assertEquals(18, change(narrow, 128, 64, 128).bounds()[0]);
    var masked =
        Documents.set(
            document, "--set", List.of("mask={\"rectangle\": [0, 0, 9, 9]}"), MaskSource.NONE);
    assertEquals(100, change(masked, 128, 64, 128).count());
    var faithful =
        Documents.set(document, "--set", List.of("method.faithful=true"), MaskSource.NONE);
    assertEquals(RegionMask.all(128, 64), change(faithful, 128, 64, 128));
    // In a window that is reduced by two the margin is as the model sees it.
    var large = document(drag(400, 400, 498, 183, 0));
    var reduced = frame(large, 2000, 2000, 512);
    assertEquals(1024, reduced.working().windowWidth());
    int left = change(large, 2000, 2000, 512).bounds()[0] + reduced.working().x();
    assertEquals(400 - 32, left);
  }
}
