package org.drag4j.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.drag4j.document.EditDocument;
import org.drag4j.document.MaskSource;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.Drag;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.Overlap;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.Task;
import org.drag4j.geometry.View;
import org.drag4j.method.Documents;
import org.drag4j.method.Result;
import org.drag4j.picture.Levels;
import org.drag4j.picture.Picture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What whole cells leave of a move is made up for, and told where it is not. */
class ShiftTest {
  private static final int SIDE = 128;

  private static final RegionMask ALL = RegionMask.all(SIDE, SIDE);

  /** No two places of it look alike. */
  private static Picture texture() {
    byte[] rgb = new byte[SIDE * SIDE * 3];
    for (int at = 0; at < SIDE * SIDE; at++) {
      int column = at % SIDE;
      int row = at / SIDE;
      double x = column;
      double y = row;
      rgb[3 * at] = (byte) (128 + 100 * Math.sin(x * x / 190 + y / 9));
      rgb[3 * at + 1] = (byte) (128 + 100 * Math.cos(y * y / 170 - x / 7));
      rgb[3 * at + 2] = (byte) (x + y);
    }
    return Picture.of(SIDE, SIDE, rgb);
  }

  private static Task task(double dx, double dy, String... settings) {
    var drag =
        Drag.region(
            new Area.Rectangle(40, 40, 40, 40), new Area.Rectangle(40 + dx, 40 + dy, 40, 40));
    var document =
        Documents.of(new EditDocument.Image("a.png", Optional.empty()), "", List.of(drag));
    var set = Documents.set(document, "--set", List.of(settings), MaskSource.NONE);
    return CheckedEdit.of(set, texture()).tasks(SIDE, 8).getFirst();
  }

  private static Result.Copied copied(Task task) {
    var pairs = task.merged(Overlap.LATER_WINS);
    return new Result.Copied(pairs.pixels(task.view()), pairs.spread());
  }

  /** What an autoencoder without loss decodes after whole cells were copied. */
  private static Levels decoded(Result.Copied copied) {
    return Levels.of(copied.done().copy(texture()));
  }

  @ParameterizedTest
  @CsvSource({"3, 0", "5, 0", "-5, 2", "0, 7", "10, -6", "13, 13", "16, 8"})
  void contentComesToWhereItIsWanted(double dx, double dy) {
    var task = task(dx, dy, "working.zoom=1");
    var copied = copied(task);
    var edited = decoded(copied);
    var shifted = Shift.applied(edited, copied, task.view());
    // Well inside the target, away from cells that reach over its border.
    for (int y = 56 + (int) dy; y < 68 + dy; y++) {
      for (int x = 56 + (int) dx; x < 68 + dx; x++) {
        for (int c = 0; c < 3; c++) {
          int wanted = texture().level(x - (int) dx, y - (int) dy, c);
          assertEquals(wanted, shifted.values()[(y * SIDE + x) * 3 + c], 1.5, x + ", " + y);
        }
      }
    }
    // Farther from the target than a cell nothing is shifted.
    for (int at : new int[] {0, 20 * SIDE + 20, 64 * SIDE + 24, 110 * SIDE + 110}) {
      assertEquals(edited.values()[at * 3], shifted.values()[at * 3]);
    }
  }

  @Test
  void wholeCellsAreNotShifted() {
    var task = task(16, 8);
    var copied = copied(task);
    var edited = decoded(copied);
    assertArrayEquals(edited.values(), Shift.applied(edited, copied, task.view()).values());
  }

  @Test
  void theFieldIsSmooth() {
    var copied = copied(task(4, 0, "working.zoom=1"));
    float[] ramp = new float[SIDE * SIDE * 3];
    for (int i = 0; i < ramp.length; i++) {
      ramp[i] = i / 3 % SIDE;
    }
    var shifted =
        Shift.applied(new Levels(SIDE, SIDE, 3, ramp), copied, View.whole(SIDE, SIDE)).values();
    // A ramp shows where each pixel comes from: in order, by at most two pixels at a time.
    for (int y = 0; y < SIDE; y++) {
      for (int x = 1; x < SIDE; x++) {
        float step = shifted[(y * SIDE + x) * 3] - shifted[(y * SIDE + x - 1) * 3];
        assertTrue(step >= 0 && step <= 2, step + " at " + x + ", " + y);
      }
    }
  }

  private static List<String> told(int dx, int dy) {
    var moved = new int[4][12 * 12 * 9];
    for (int i = 0; i < moved[0].length; i++) {
      moved[0][i] = 42 + i % 36;
      moved[1][i] = 42 + i / 36;
      moved[2][i] = 42 + 16 + dx + i % 36;
      moved[3][i] = 42 + dy + i / 36;
    }
    var edited = Mapping.of(moved[0], moved[1], moved[2], moved[3]).copy(texture());
    return Misplaced.warnings(task(16, 0), ALL, texture(), edited);
  }

  @Test
  void contentBesideItsTargetIsTold() {
    assertEquals(List.of(), told(0, 0));
    assertEquals(List.of(), told(1, -1));
    assertEquals(
        List.of(
            "drags[0]: what it moves lies about 5 pixels right of and 3 pixels above its target;"
                + " method.variant=cp-then-encode places it by pixels"),
        told(5, -3));
    assertEquals(
        List.of(
            "drags[0]: what it moves lies about 4 pixels left of its target;"
                + " method.variant=cp-then-encode places it by pixels"),
        told(-4, 0));
  }

  /** What looks alike everywhere, or was not moved at all, lies nowhere. */
  @Test
  void contentThatIsNowhereIsNotTold() {
    var grey = Picture.of(SIDE, SIDE, new byte[SIDE * SIDE * 3]);
    assertEquals(List.of(), Misplaced.warnings(task(16, 0), ALL, grey, grey));
    assertEquals(List.of(), Misplaced.warnings(task(16, 0), ALL, texture(), grey));
    // A mask that leaves the target out keeps the thing where it was.
    var none = RegionMask.none(SIDE, SIDE);
    assertEquals(List.of(), Misplaced.warnings(task(6, 0), none, texture(), texture()));
    assertEquals(1, Misplaced.warnings(task(6, 0), ALL, texture(), texture()).size());
  }
}
