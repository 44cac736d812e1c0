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
import org.drag4j.geometry.Overlap;
import org.drag4j.geometry.Point;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.Task;
import org.drag4j.method.Documents;
import org.drag4j.method.Preview;
import org.drag4j.method.Result;
import org.drag4j.picture.Picture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Windows fitted to the drags: who shares one, how large it is, what may change in it. */
class WindowsTest {
  private static Drag drag(double x, double y, double size, double dx, double dy) {
    return Drag.region(
        new Area.Rectangle(x, y, size, size), new Area.Rectangle(x + dx, y + dy, size, size));
  }

  private static CheckedEdit edit(int width, int height, String setting, Drag... drags) {
    var document =
        Documents.of(new EditDocument.Image("a.png", Optional.empty()), "", List.of(drags));
    var set =
        setting.isEmpty()
            ? document
            : Documents.set(document, "--set", List.of(setting), MaskSource.NONE);
    return new CheckedEdit(
        set,
        Picture.of(1, 1, new byte[3]),
        List.of(),
        Drawing.of(set.drags(), set.mask(), width, height));
  }

  private static CheckedEdit with(CheckedEdit edit, String setting) {
    return new CheckedEdit(
        Documents.set(edit.document(), "--set", List.of(setting), MaskSource.NONE),
        edit.original(),
        List.of(),
        edit.drawing());
  }

  private static List<List<Integer>> groups(CheckedEdit edit) {
    return edit.tasks(256, 8).stream().map(task -> task.drawing().places()).toList();
  }

  private static RegionMask change(CheckedEdit edit, Task task) {
    var moved = task.merged(Overlap.LATER_WINS).pixels();
    return Finishing.of(edit, edit.original(), task).change(new Result.Latent(new float[0], moved));
  }

  @Test
  void dragsFarApartHaveTheirOwn() {
    var edit =
        edit(
            4000,
            3000,
            "",
            drag(300, 300, 80, 40, 0),
            drag(3500, 2500, 90, -40, 0),
            drag(380, 250, 30, 20, 0));
    assertEquals(List.of(List.of(0, 2), List.of(1)), groups(edit));
    for (var task : edit.tasks(256, 8)) {
      assertEquals(1, task.frame().reduction());
      assertEquals(256, task.view().windowWidth());
    }
    assertEquals(List.of(), edit.warnings(edit.tasks(256, 8)));
    // As it was, and where the whole picture is wanted.
    assertEquals(List.of(List.of(0, 1, 2)), groups(with(edit, "working.windows=one")));
    assertEquals(List.of(List.of(0, 1, 2)), groups(with(edit, "working.crop=false")));
    assertEquals(List.of(List.of(0, 1, 2)), groups(with(edit, "method.faithful=true")));
    var one = with(edit, "working.windows=one").tasks(256, 8).getFirst();
    assertEquals(15.625, one.frame().reduction());
  }

  /** Each takes from the picture as it was, so one must not see what another has filled. */
  @Test
  void dragsThatMeetShareOne() {
    var far = drag(300, 300, 60, 1500, 0);
    assertEquals(
        List.of(List.of(0, 1), List.of(2)),
        groups(edit(4000, 3000, "", far, drag(1850, 340, 50, 90, 90), drag(900, 300, 60, 20, 0))));
    // An arrow's handle meets where it carries it.
    var arrow =
        new Drag(
            "",
            Optional.of(new Area.Rectangle(300, 300, 60, 60)),
            Optional.empty(),
            List.of(new Arrow(new Point(330, 330), new Point(1830, 330))),
            Drag.Kind.POINTS);
    assertEquals(
        List.of(List.of(0, 1)), groups(edit(4000, 3000, "", arrow, drag(1850, 340, 50, 90, 90))));
  }

  @Test
  void aWindowThatIsReducedIsNamed() {
    var edit = edit(4000, 3000, "", drag(300, 300, 60, 20, 0), drag(3000, 300, 60, -1500, 900));
    assertEquals(List.of(List.of(0), List.of(1)), groups(edit));
    assertEquals(
        List.of(
            "drags[1]: the window of 2560x2560 that holds all of it is reduced 10.0 times for the"
                + " model, so what changes there is blurred; move less far, or set working.size"
                + " above 256"),
        edit.warnings(edit.tasks(256, 8)));
    assertEquals(List.of(), with(edit, "working.windows=one").warnings(edit.tasks(256, 8)));
  }

  @Test
  void eachHasItsCutOfTheMask() {
    var edit =
        edit(
            2000,
            1000,
            "mask.rectangle=[0, 0, 2000, 900]",
            drag(300, 300, 60, 40, 0),
            drag(460, 300, 60, 700, 0),
            drag(1500, 600, 60, 40, 0));
    var tasks = edit.tasks(256, 8);
    assertEquals(List.of(List.of(0), List.of(1), List.of(2)), groups(edit));
    var view = tasks.getFirst().view();
    assertEquals(256, view.windowWidth());
    var change = change(edit, tasks.getFirst());
    // The window goes on beyond its outermost pixels, and what another drag takes stays.
    assertFalse(change.get(0, 100) || change.get(255, 100) || change.get(100, 0));
    assertTrue(change.get(1, 100) && change.get(100, 1));
    assertTrue(change.get(310 - view.x(), 310 - view.y()));
    assertTrue(change.get(450 - view.x(), 310 - view.y()));
    assertFalse(change.get(470 - view.x(), 310 - view.y()));
    // At the picture's own border it goes on to the last pixel.
    var whole = edit(256, 256, "mask.rectangle=[0, 0, 256, 256]", drag(40, 40, 60, 40, 0));
    assertEquals(RegionMask.all(256, 256), change(whole, whole.tasks(256, 8).getFirst()));
  }

  @Test
  void manyDragsOfALargePictureShareOneWindow() {
    var drags = new Drag[180];
    for (int i = 0; i < drags.length; i++) {
      drags[i] = drag(20 * i, 15 * i, 12, 20, 0);
    }
    assertEquals(1, edit(4000, 3000, "", drags).tasks(256, 8).size());
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, 1", // nothing moves
    "3, 2, 1", // nearest to no cell: shifted alone
    "5, 0, 2",
    "8, 0, 2",
    "0, 7, 2",
    "10, 0, 2",
    "16, 0, 1", // not small
    "60, 3, 1"
  })
  void smallMovesAreSeenEnlarged(double dx, double dy, double zoom) {
    var edit = edit(2000, 1500, "", drag(700, 700, 40, dx, dy));
    var settled = edit.settled(256, 8);
    assertEquals(Optional.of(zoom), settled.document().working().zoom());
    assertEquals(zoom, 1 / edit.tasks(256, 8).getFirst().frame().reduction(), 0.01);
    assertEquals(256, edit.tasks(256, 8).getFirst().view().width());
    // Kept while the drag is nudged, and so is the window.
    var nudged = edit(2000, 1500, "working.zoom=" + zoom, drag(700, 700, 40, dx + 1, dy + 1));
    assertEquals(settled.tasks(256, 8).getFirst().view(), nudged.tasks(256, 8).getFirst().view());
    // Not with a size, nor where there are no fitted windows.
    for (var setting : List.of("working.size=256", "working.windows=one", "working.crop=false")) {
      var other = edit(2000, 1500, setting, drag(700, 700, 40, dx, dy));
      assertTrue(other.tasks(256, 8).getFirst().frame().reduction() >= 1, setting);
    }
  }

  @Test
  void aSmallPictureIsEnlargedAsAWhole() {
    var edit = edit(100, 80, "", drag(30, 30, 20, 5, 0));
    var frame = edit.tasks(256, 8).getFirst().frame();
    assertTrue(frame.whole());
    assertEquals(200, frame.working().width());
    assertEquals(160, frame.working().height());
    // Where the model sees no more of it, a window of the same size.
    var window = edit(250, 250, "", drag(30, 30, 20, 5, 0)).tasks(256, 8).getFirst();
    assertEquals(128, window.view().windowWidth());
    assertEquals(256, window.view().width());
  }

  /** A move of the same shape moves every cell alike, whatever whole cells are near. */
  @Test
  void cellsOfAMoveMoveAlike() {
    for (int d = -20; d <= 20; d++) {
      var edit = edit(256, 256, "working.zoom=1", drag(80, 80, 50, d, 0));
      var cells = edit.tasks(256, 8).getFirst().merged(Overlap.LATER_WINS).cells();
      for (int i = 0; i < cells.size(); i++) {
        int moved = cells.targetX(i) - cells.sourceX(i);
        assertEquals((int) Math.rint((d - 0.5) / 8), moved, "" + d);
        assertEquals(cells.targetY(i), cells.sourceY(i));
      }
    }
  }

  @Test
  void aRegionWithoutACellsMiddleIsRefused() {
    var edit = edit(256, 256, "working.zoom=1", drag(80.5, 80.5, 2, 32, 0));
    assertThrowsNoCell(with(edit, "method.pairing=as-released"));
    assertThrowsNoCell(edit);
  }

  private static void assertThrowsNoCell(CheckedEdit edit) {
    var pairs = edit.tasks(256, 8).getFirst().merged(Overlap.LATER_WINS);
    var e = assertThrows(EditDocumentException.class, pairs::cells);
    var message = String.valueOf(e.getMessage());
    assertTrue(message.startsWith("drags[0]: region: expected the centre of"), message);
  }

  @Test
  void aPreviewIsAsBlurredAsItsWindow() {
    byte[] rgb = new byte[1024 * 768 * 3];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) ((i / 3 + i / 3 / 1024) % 2 * 255);
    }
    var picture = Picture.of(1024, 768, rgb);
    var drags = List.of(drag(20, 20, 80, 64, 0), drag(900, 300, 80, -700, 300));
    var document = Documents.of(new EditDocument.Image("a.png", Optional.empty()), "", drags);
    var edit = CheckedEdit.of(document, picture);
    var previews = edit.previews(edit.tasks(256, 8), Preview.Detail.PIXELS);
    assertEquals(2, previews.size());
    var shown = previews.getLast().picture();
    // The first drag's window is seen as it is: its target is a checkerboard still.
    assertEquals(255, Math.abs(shown.level(120, 60, 0) - shown.level(121, 60, 0)));
    // The second one's is grey, and so will the edit be.
    assertTrue(Math.abs(shown.level(240, 640, 0) - 127) < 24, "" + shown.level(240, 640, 0));
    assertEquals(255, Math.abs(shown.level(500, 500, 0) - shown.level(501, 500, 0)));
  }
}
