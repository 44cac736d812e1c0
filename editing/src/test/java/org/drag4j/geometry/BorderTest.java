package org.drag4j.geometry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Regions that hang over the border of their picture. */
class BorderTest {
  private static final int SIDE = 128;
  private static final int CELLS = SIDE / RegionMask.CELL;

  private static Area.Rectangle rectangle(double x, double y, double width, double height) {
    return new Area.Rectangle(x, y, width, height);
  }

  private static Mapping pixels(Drag drag, Border border) {
    return task(drag, border).merged(Overlap.LATER_WINS).pixels();
  }

  private static Mapping cells(Drag drag, Border border) {
    return task(drag, border).merged(Overlap.LATER_WINS).cells().clamped(CELLS, CELLS);
  }

  private static Task task(Drag drag, Border border) {
    var drawing = Drawing.of(List.of(drag), Optional.empty(), SIDE, SIDE);
    return new Task(drawing, drawing.whole(SIDE, 8), border, Pairing.AS_RELEASED);
  }

  private static Drag perspective(Area handle, Area target) {
    return new Drag("", Optional.of(handle), Optional.of(target), List.of(), Drag.Kind.PERSPECTIVE);
  }

  /** The region mapping of two rectangles is their perspective one, wherever they lie. */
  @ParameterizedTest
  @CsvSource({
    "40, 40, 104, 40", // over the right border
    "40, 40, -24, 48",
    "40, 40, 48, -16",
    "40, 40, 32, 112",
    "40, 40, 112, 104", // over a corner
    "0, 0, 80, 80", // flush: the outline's last pixel is outside
    "-16, 40, 64, 40", // the handle hangs, too
    "-8, -8, -24, 104"
  })
  void contentKeepsItsSize(double fromX, double fromY, double toX, double toY) {
    var handle = rectangle(fromX, fromY, 48, 48);
    var target = rectangle(toX, toY, 48, 48);
    var cut = Drag.region(handle, target);
    assertEquals(pixels(perspective(handle, target), Border.CUT), pixels(cut, Border.CUT));
    assertEquals(moves(cut, Border.CUT), moves(perspective(handle, target), Border.CUT));
    var pairs = pixels(cut, Border.CUT);
    assertTrue(pairs.size() > 0);
    for (int i = 0; i < pairs.size(); i++) {
      // A pixel of nowhere is the nearest one of the picture.
      assertEquals(
          Math.clamp(pairs.targetX(i) - (int) (toX - fromX), 0, SIDE - 1), pairs.sourceX(i));
      assertEquals(
          Math.clamp(pairs.targetY(i) - (int) (toY - fromY), 0, SIDE - 1), pairs.sourceY(i));
    }
    assertNotEquals(pairs, pixels(cut, Border.SQUEEZED));
  }

  /** Shifts of cells; a cell's own place in its region is the rasters' affair. */
  private static List<Integer> moves(Drag drag, Border border) {
    var pairs = cells(drag, border);
    var shifts = new ArrayList<Integer>();
    for (int i = 0; i < pairs.size(); i++) {
      if (pairs.sourceX(i) > 0 && pairs.sourceY(i) > 0) {
        shifts.add(
            (pairs.targetX(i) - pairs.sourceX(i)) * 100 + pairs.targetY(i) - pairs.sourceY(i));
      }
    }
    return shifts.stream().distinct().toList();
  }

  /** Sizes change where the drawing says so: twice as wide, the left half shown. */
  @Test
  void aLargerTargetIsCutAsWell() {
    var drag = Drag.region(rectangle(16, 16, 31, 31), rectangle(96, 16, 63, 31));
    var pairs = pixels(drag, Border.CUT);
    for (int i = 0; i < pairs.size(); i++) {
      assertEquals(16 + (pairs.targetX(i) - 96) * 31 / 63, pairs.sourceX(i), 1);
      assertEquals(pairs.targetY(i), pairs.sourceY(i));
    }
    assertEquals(32 * 32, pairs.size());
  }

  @Test
  void ellipsesAndStrokesAreCutAsWell() {
    var areas =
        List.of(
            List.<Area>of(
                new Area.Ellipse(new Point(50, 60), 30, 20, 30),
                new Area.Ellipse(new Point(114, 60), 30, 20, 30)),
            List.<Area>of(stroke(40, 60), stroke(40, 116)),
            List.<Area>of(stroke(60, 60), stroke(-4, 60)));
    int[][] shifts = {{64, 0}, {0, 56}, {-64, 0}};
    for (int k = 0; k < areas.size(); k++) {
      var drag = Drag.region(areas.get(k).getFirst(), areas.get(k).getLast());
      var pairs = pixels(drag, Border.CUT);
      int off = 0;
      for (int i = 0; i < pairs.size(); i++) {
        int x = pairs.targetX(i) - pairs.sourceX(i) - shifts[k][0];
        int y = pairs.targetY(i) - pairs.sourceY(i) - shifts[k][1];
        off += Math.abs(x) <= 1 && Math.abs(y) <= 1 ? 0 : 1;
      }
      assertEquals(0, off, areas.get(k).getFirst().kind() + " of " + pairs.size());
    }
  }

  private static Area stroke(double x, double y) {
    return new Area.Brush(
        9.5,
        List.of(List.of(new Point(x, y), new Point(x + 25, y + 10)), List.of(new Point(x, y))));
  }

  /** What lies inside is the same either way, and as released. */
  @Test
  void whatLiesInsideIsNotTouched() {
    var random = new Random(7);
    for (int n = 0; n < 40; n++) {
      var handle = triangle(random);
      var target = triangle(random);
      var drag = Drag.region(new Area.Outline(handle), new Area.Outline(target));
      var released = new RegionPairMapping(handle, target);
      assertEquals(released.pixels(SIDE, SIDE).clamped(SIDE, SIDE), pixels(drag, Border.CUT));
      assertEquals(released.cells(SIDE, SIDE), cells(drag, Border.SQUEEZED));
      assertEquals(released.cells(SIDE, SIDE), cells(drag, Border.CUT));
    }
  }

  private static Polygon triangle(Random random) {
    double x = random.nextDouble() * 60;
    double y = random.nextDouble() * 60;
    return Polygon.of(
        new double[] {x, y + 20},
        new double[] {x + 40 + random.nextDouble() * 20, y},
        new double[] {x + 30, y + 66});
  }

  /** A region of several strips: its columns are those of the whole. */
  @Test
  void farLargerThanThePicture() {
    var diamond =
        Polygon.of(
            new double[] {-9000, 0},
            new double[] {0, -6000},
            new double[] {9000, 0},
            new double[] {0, 6000});
    var columns = Drawn.hanging(diamond, SIDE, SIDE).orElseThrow().columns(1);
    assertEquals(-9000, columns.first());
    assertEquals(9000, columns.last());
    for (int x = -9000; x <= 9000; x += 30) {
      int reach = (9000 - Math.abs(x)) * 2 / 3;
      assertEquals(-reach, columns.top(x), "" + x);
      assertEquals(reach, columns.bottom(x), "" + x);
    }
    var cells = Drawn.hanging(diamond, SIDE, SIDE).orElseThrow().columns(RegionMask.CELL);
    assertEquals(-750, cells.top(0), 1);
    assertEquals(749, cells.bottom(0), 1);
    assertEquals(new Point(0, 0), Drawn.hanging(diamond, SIDE, SIDE).orElseThrow().middle());
  }

  @Test
  void whatIsHugeIsRefusedBeforeTheWork() {
    var drag = Drag.region(rectangle(16, 16, 31, 31), rectangle(-60000, -60000, 120000, 120000));
    var e = assertThrows(EditDocumentException.class, () -> cells(drag, Border.CUT));
    assertEquals(
        "drags[0]: region: expected at most 1073741824 pixels with those outside the picture, got"
            + " 120008x120008; draw it nearer to the picture",
        e.getMessage());
    assertTrue(cells(drag, Border.SQUEEZED).size() > 0);
  }

  /** The arrow of a region is as long as the drag, also where less of it is shown. */
  @Test
  void anArrowOfWhatHangsOver() {
    var over = Drag.region(rectangle(16, 16, 30, 30), rectangle(112, 16, 30, 30));
    assertEquals(
        List.of(new Arrow(new Point(31, 31), new Point(127, 31))), task(over, Border.CUT).arrows());
    assertEquals(
        List.of(new Arrow(new Point(31, 31), new Point(119.5, 31))),
        task(over, Border.SQUEEZED).arrows());
    var from = Drag.region(rectangle(-20, 16, 30, 30), rectangle(40, 16, 30, 30));
    assertEquals(
        List.of(new Arrow(new Point(5, 31), new Point(65, 31))), task(from, Border.CUT).arrows());
  }
}
