package org.drag4j.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.geometry.Move;
import org.drag4j.geometry.Overlap;
import org.drag4j.geometry.Point;
import org.drag4j.method.Documents;
import org.drag4j.method.Methods;
import org.drag4j.method.Preview;
import org.drag4j.picture.Picture;
import org.junit.jupiter.api.Test;

class PreviewTest {
  /** Every pixel knows where it is: red its column, green its row. */
  private static Picture map(int width, int height) {
    byte[] rgb = new byte[width * height * 3];
    for (int i = 0; i < width * height; i++) {
      rgb[3 * i] = (byte) (i % width);
      rgb[3 * i + 1] = (byte) (i / width);
    }
    return Picture.of(width, height, rgb);
  }

  private static EditDocument document(Drag... drags) {
    return Documents.of(new EditDocument.Image("a.png", Optional.empty()), "", List.of(drags));
  }

  private static Preview preview(
      EditDocument document, Picture picture, int nativeSize, Preview.Detail detail) {
    return preview(CheckedEdit.of(document, picture), nativeSize, detail);
  }

  private static Preview preview(CheckedEdit edit, int nativeSize, Preview.Detail detail) {
    return edit.previews(edit.tasks(nativeSize, 8), detail).getFirst();
  }

  private static Drag cell(double fromX, double fromY, double toX, double toY, double size) {
    return Drag.region(
        new Area.Rectangle(fromX, fromY, size, size), new Area.Rectangle(toX, toY, size, size));
  }

  @Test
  void showsWhatIsCopiedAndCountsHoles() {
    // 3x3 cells at (2, 2) go two cells to the right.
    var preview =
        preview(document(cell(16, 16, 32, 16, 23)), map(128, 64), 128, Preview.Detail.CELLS);
    assertEquals(List.of(new Preview.Part("drags[0]", 9, 9, 0, "")), preview.drags());
    assertFalse(preview.drags().getFirst().tooSmall());
    assertEquals(9, preview.moved().count());
    assertEquals(6, preview.holes().count());
    assertTrue(preview.holes().get(2, 2) && !preview.holes().get(4, 2));
    assertEquals(0, preview.collisions().count());
    for (int y = 0; y < 64; y++) {
      for (int x = 0; x < 128; x++) {
        boolean target = x >= 32 && x < 56 && y >= 16 && y < 40;
        assertEquals(target ? x - 16 : x, preview.picture().level(x, y, 0));
        assertEquals(y, preview.picture().level(x, y, 1));
      }
    }
    var marked = preview.marked(preview.picture());
    assertEquals((16 + 0xff) / 2, marked.level(16, 16, 0));
    assertEquals(preview.picture().level(60, 16, 0), marked.level(60, 16, 0));
  }

  @Test
  void countsCellsThatSeveralDragsFill() {
    var preview =
        preview(
            document(cell(0, 0, 64, 0, 15), cell(0, 32, 72, 0, 15)),
            map(128, 64),
            128,
            Preview.Detail.CELLS);
    assertEquals(6, preview.moved().count());
    assertEquals(2, preview.collisions().count());
    assertTrue(preview.collisions().get(9, 0));
    // The later drag wins.
    assertEquals(32, preview.picture().level(72, 0, 1));
    assertEquals(0xd0 / 2 + 16, preview.marked(preview.picture()).level(72, 0, 1));
  }

  @Test
  void showsWhoWinsWhatSeveralWant() {
    var document =
        Documents.set(
            document(cell(0, 0, 64, 0, 23), cell(0, 32, 72, 0, 39)),
            "--set",
            List.of("method.overlap=winner-takes-all"),
            MaskSource.NONE);
    for (var detail : Preview.Detail.values()) {
      var preview = preview(document, map(128, 64), 128, detail);
      assertEquals(6, preview.collisions().count());
      // The middle of the first target is nearer, although the second comes later.
      assertEquals(8, preview.picture().level(72, 0, 0));
    }
  }

  @Test
  void whatAMethodCopiesIsShown() {
    var document = document(cell(0, 0, 64, 0, 23));
    assertEquals(Preview.Detail.PIXELS, Methods.of(document).detail());
    var released = set(document, "method.pairing=as-released");
    assertEquals(Preview.Detail.CELLS, Methods.of(released).detail());
    assertEquals(
        Preview.Detail.PIXELS, Methods.of(set(released, "method.variant=cp-then-encode")).detail());
    assertEquals(Preview.Detail.CELLS, Methods.of(set(document, "method.name=sdedrag")).detail());
  }

  @Test
  void saysWhatIsTooSmall() {
    var preview =
        preview(
            document(cell(8, 8, 40, 8, 7), cell(1, 40, 41, 40, 1), cell(64, 16, 80, 16, 31)),
            map(128, 64),
            128,
            Preview.Detail.PIXELS);
    assertTrue(preview.drags().get(0).tooSmall());
    assertEquals(1, preview.drags().get(0).targetCells());
    assertTrue(preview.drags().get(1).tooSmall());
    assertTrue(preview.drags().get(1).problem().startsWith("region: expected the centre of"));
    assertFalse(preview.drags().get(2).tooSmall());
  }

  @Test
  void looksAtTheSameWindowAsTheEdit() {
    var document = document(cell(130, 100, 162, 100, 30));
    var preview = preview(document, map(250, 200), 64, Preview.Detail.CELLS);
    var task = CheckedEdit.of(document, map(250, 200)).tasks(64, 8).getFirst();
    assertEquals(task.frame(), preview.frame());
    assertEquals(
        task.merged(Overlap.LATER_WINS).cells().targets(task.view().columns(), 8), preview.moved());
    assertFalse(preview.frame().whole());
    assertEquals(10, preview.picture().level(10, 10, 0));
  }

  private static int colour(Picture picture, int x, int y) {
    return picture.level(x, y, 0) << 16 | picture.level(x, y, 1) << 8 | picture.level(x, y, 2);
  }

  @Test
  void drawsRegions() {
    var arrow =
        new Drag(
            "",
            Optional.of(new Area.Rectangle(64, 8, 15, 15)),
            Optional.empty(),
            List.of(new Arrow(new Point(70, 14), new Point(70, 38))),
            Drag.Kind.POINTS);
    var original = map(128, 64);
    var drawn =
        Preview.regions(
            CheckedEdit.of(document(cell(8, 8, 24, 8, 23), arrow), original).drawing(), original);
    int red = 0xe02020;
    int blue = 0x2050e0;
    // Lines are two pixels wide and lie within their region; what is drawn later covers.
    assertEquals(red, colour(drawn, 8, 20));
    assertEquals(red, colour(drawn, 9, 20));
    assertEquals(colour(original, 10, 20), colour(drawn, 10, 20));
    assertEquals(colour(original, 7, 20), colour(drawn, 7, 20));
    assertEquals(blue, colour(drawn, 24, 20));
    assertEquals(blue, colour(drawn, 47, 20));
    assertEquals(colour(original, 48, 20), colour(drawn, 48, 20));
    assertEquals(red, colour(drawn, 64, 14));
    assertEquals(blue, colour(drawn, 64, 38));
    assertEquals(blue, colour(drawn, 70, 32));
    assertEquals(colour(original, 70, 38), colour(drawn, 70, 38));
  }

  /** A quarter turn: the upper row of a flat handle becomes the right column of its target. */
  @Test
  void showsMoves() {
    var move = new Move(new Point(32, 0), 90, 1, Optional.empty());
    var document = document(Drag.moved(new Area.Rectangle(16, 24, 31, 15), move));
    var original = map(128, 64);
    for (var detail : Preview.Detail.values()) {
      var preview = preview(document, original, 128, detail);
      assertEquals(List.of(new Preview.Part("drags[0]", 8, 8, 0, "")), preview.drags());
      // The middle (32, 32) goes to (64, 32): columns 56 to 71, rows 16 to 47. A cell is not
      // turned.
      int x = detail == Preview.Detail.PIXELS ? 71 : 64;
      assertEquals(16, preview.picture().level(x, 16, 0));
      assertEquals(24, preview.picture().level(x, 16, 1));
      assertEquals(72, preview.picture().level(72, 16, 0));
      assertEquals(15, preview.picture().level(64, 15, 1));
    }
    var drawn = Preview.regions(CheckedEdit.of(document, original).drawing(), original);
    assertEquals(0xe02020, colour(drawn, 16, 30));
    assertEquals(0x2050e0, colour(drawn, 56, 30));
    assertEquals(0x2050e0, colour(drawn, 71, 17));
    assertEquals(colour(original, 72, 17), colour(drawn, 72, 17));
    assertEquals(colour(original, 64, 30), colour(drawn, 64, 30));
  }

  private static EditDocument set(EditDocument document, String... values) {
    return Documents.set(document, "--set", List.of(values), MaskSource.NONE);
  }

  /** What the mask keeps is kept, in cells and in pixels. */
  @Test
  void showsWhatTheMaskLetsThrough() {
    // 3x3 cells go from (16, 16) to (64, 16); the mask lets the target's left column change, and
    // half of the middle one by pixels: a cell may change where its top left pixel may.
    var masked = set(document(cell(16, 16, 64, 16, 23)), "mask.rectangle=[40, 0, 35, 64]");
    for (var detail : Preview.Detail.values()) {
      var original = map(128, 64);
      var preview = preview(masked, original, 128, detail);
      assertEquals(List.of(new Preview.Part("drags[0]", 9, 9, 3, "")), preview.drags());
      assertEquals(6, preview.moved().count());
      // The handle lies outside the mask: nothing is missing there.
      assertEquals(0, preview.holes().count());
      for (int x = 0; x < 128; x++) {
        boolean moved = x >= 64 && x <= 75;
        assertEquals(moved ? x - 48 : x, preview.picture().level(x, 20, 0), "" + x);
      }
    }
    var none =
        preview(
            set(masked, "mask.rectangle=[1, 1, 3, 3]"), map(128, 64), 128, Preview.Detail.CELLS);
    assertEquals(0, none.moved().count());
    assertEquals(9, none.drags().getFirst().keptCells());
    assertEquals(map(128, 64), none.picture());
  }

  @Test
  void anArrowThatLeavesThePictureIsAProblem() {
    var far = List.of(new Arrow(new Point(70, 14), new Point(5000, 5000)));
    var arrow =
        new Drag(
            "",
            Optional.of(new Area.Rectangle(64, 8, 15, 15)),
            Optional.empty(),
            far,
            Drag.Kind.POINTS);
    var edit = CheckedEdit.of(document(arrow), map(128, 64));
    var part = preview(edit, 128, Preview.Detail.CELLS).drags().getFirst();
    assertEquals(
        "expected a drag of at least one cell of 8x8 pixels, got none inside the image; draw it"
            + " larger, or nearer to the middle",
        part.problem());
    // As the edit refuses it.
    var task = edit.tasks(128, 8).getFirst();
    var e =
        assertThrows(EditDocumentException.class, () -> task.merged(Overlap.LATER_WINS).cells());
    assertEquals("drags[0]: " + part.problem(), e.getMessage());
  }

  @Test
  void drawsTheMaskAndArrowsWithoutAHandle() {
    var arrow =
        new Drag(
            "",
            Optional.empty(),
            Optional.empty(),
            List.of(new Arrow(new Point(40, 20), new Point(200, 20))),
            Drag.Kind.POINTS);
    var original = map(128, 64);
    var document = set(document(arrow), "method.name=sdedrag", "mask.rectangle=[24, 8, 60, 40]");
    var drawn = Preview.regions(CheckedEdit.of(document, original).drawing(), original);
    assertEquals(0x20c040, colour(drawn, 24, 30));
    assertEquals(colour(original, 60, 40), colour(drawn, 60, 40));
    assertEquals(((5 / 2) << 16) | ((60 / 2) << 8), colour(drawn, 5, 60));
    assertEquals(0xe02020, colour(drawn, 40, 20));
    assertEquals(0xe02020, colour(drawn, 110, 20));
    assertEquals(0x2050e0, colour(drawn, 125, 20));
  }

  @Test
  void opacityIsCopiedAlong() {
    byte[] alpha = new byte[64 * 64];
    alpha[0] = (byte) 200;
    var picture = map(64, 64).withAlpha(alpha);
    var preview =
        preview(document(cell(0, 0, 32, 32, 15)), picture, 64, Preview.Detail.CELLS).picture();
    assertEquals((byte) 200, preview.alpha()[32 * 64 + 32]);
    assertEquals((byte) 0, preview.alpha()[32 * 64 + 33]);
    assertArrayEquals(
        new int[] {0, 0}, new int[] {preview.level(32, 32, 0), preview.level(32, 32, 1)});
  }
}
