package org.drag4j.geometry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Handles that are shifted, turned and scaled in one piece. */
class MoveMappingTest {
  private static final int SIDE = 128;
  private static final int CELL = RegionMask.CELL;

  private static Move move(double x, double y, double rotate, double scale) {
    return new Move(new Point(x, y), rotate, scale, Optional.empty());
  }

  private static Move about(double x, double y, double rotate, double scale) {
    return new Move(new Point(0, 0), rotate, scale, Optional.of(new Point(x, y)));
  }

  private static Drawing drawing(Drag drag) {
    return Drawing.of(List.of(drag), Optional.empty(), SIDE, SIDE);
  }

  private static Task task(Drag drag, Border border) {
    var drawing = drawing(drag);
    return new Task(drawing, drawing.whole(SIDE, CELL), border, Pairing.AS_RELEASED);
  }

  private static Mapping pixels(Drag drag) {
    return task(drag, Border.CUT).merged(Overlap.LATER_WINS).pixels();
  }

  private static Mapping cells(Drag drag) {
    return task(drag, Border.CUT)
        .merged(Overlap.LATER_WINS)
        .cells()
        .clamped(SIDE / CELL, SIDE / CELL);
  }

  /** A letter F of pixels: no turn or mirror image of it is itself. */
  private static RegionMask letter(int side, int left, int top) {
    byte[] values = new byte[side * side];
    String[] rows = {"#####", "#....", "###..", "#....", "#...."};
    for (int y = 0; y < 20; y++) {
      for (int x = 0; x < 20; x++) {
        if (rows[y / 4].charAt(x / 4) == '#') {
          values[(top + y) * side + left + x] = 1;
        }
      }
    }
    return RegionMask.of(side, side, values);
  }

  private static Area painted(RegionMask mask) {
    return new Area.Painted("m.png", mask);
  }

  private static Area stroke(double x, double y) {
    return new Area.Brush(
        9.5,
        List.of(List.of(new Point(x, y), new Point(x + 25, y + 10)), List.of(new Point(x, y))));
  }

  /** A shift by whole pixels is the region mapping's, also over the border. */
  @ParameterizedTest
  @CsvSource({"8, 0", "-16, 24", "3, 5", "64, 0", "0, -56", "-40, 56", "70, -50"})
  void aShiftIsTheRegionsOwn(int dx, int dy) {
    var handles =
        List.of(
            new Area.Rectangle(40, 40, 31, 39),
            new Area.Outline(
                Polygon.of(new double[] {40, 44}, new double[] {90, 50}, new double[] {60, 80.5})),
            new Area.Ellipse(new Point(60, 64), 24, 15, 30),
            stroke(44, 56));
    var targets =
        List.of(
            new Area.Rectangle(40 + dx, 40 + dy, 31, 39),
            new Area.Outline(
                Polygon.of(
                    new double[] {40 + dx, 44 + dy},
                    new double[] {90 + dx, 50 + dy},
                    new double[] {60 + dx, 80.5 + dy})),
            new Area.Ellipse(new Point(60 + dx, 64 + dy), 24, 15, 30),
            stroke(44 + dx, 56 + dy));
    for (int i = 0; i < handles.size(); i++) {
      var region = Drag.region(handles.get(i), targets.get(i));
      var moved = Drag.moved(handles.get(i), move(dx, dy, 0, 1));
      String kind = handles.get(i).kind();
      // Vertices are cut to whole pixels towards 0, so those of an ellipse differ outside.
      if (i < 2 || (dy > -50 && dx > -40)) {
        assertEquals(pixels(region), pixels(moved), kind);
        assertEquals(drawing(region).target(0), drawing(moved).target(0), kind);
        if (dx % CELL == 0 && dy % CELL == 0) {
          assertEquals(cells(region), cells(moved), kind);
        }
      }
      assertTrue(pixels(moved).size() > 0);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {90, 180, 270, -90, -180, -270})
  void aQuarterTurnIsExact(double degrees) {
    var letter = letter(SIDE, 40, 52);
    var pairs = pixels(Drag.moved(painted(letter), about(62, 60, degrees, 1)));
    assertEquals(letter.count(), pairs.size());
    for (int i = 0; i < pairs.size(); i++) {
      int x = pairs.sourceX(i);
      int y = pairs.sourceY(i);
      for (int turn = 0; turn < (degrees + 360) % 360; turn += 90) {
        int right = 62 + 60 - 1 - y;
        y = 60 - 62 + x;
        x = right;
      }
      assertEquals(x, pairs.targetX(i));
      assertEquals(y, pairs.targetY(i));
    }
    assertEquals(letter, pairs.sources(SIDE, SIDE));
  }

  /** Without a point of its own a move is about the middle of the pixels. */
  @Test
  void aSquareTurnsOnTheSpot() {
    var square = new Area.Rectangle(33, 41, 30, 30);
    for (double degrees : new double[] {90, 180, -90}) {
      var drag = Drag.moved(square, move(0, 0, degrees, 1));
      assertEquals(drawing(drag).handle(0), drawing(drag).target(0), degrees + " degrees");
    }
    var flat = Drag.moved(new Area.Rectangle(33, 41, 30, 17), move(0, 0, 180, 1));
    assertEquals(drawing(flat).handle(0), drawing(flat).target(0));
  }

  @Test
  void twiceAsLargeAndBack() {
    var letter = letter(SIDE, 50, 50);
    var large = pixels(Drag.moved(painted(letter), about(58, 59, 0, 2)));
    assertEquals(4 * letter.count(), large.size());
    for (int i = 0; i < large.size(); i++) {
      assertEquals(Math.floorDiv(large.targetX(i) - 58, 2) + 58, large.sourceX(i));
      assertEquals(Math.floorDiv(large.targetY(i) - 59, 2) + 59, large.sourceY(i));
    }
    var back = pixels(Drag.moved(painted(large.targets(SIDE, SIDE)), about(58, 59, 0, 0.5)));
    assertEquals(letter, back.targets(SIDE, SIDE));
    var from = large.sourceCells(SIDE, SIDE);
    var to = large.targetCells(SIDE, SIDE);
    int[] origin = new int[SIDE * SIDE];
    for (int i = 0; i < from.length; i++) {
      origin[to[i]] = from[i];
    }
    for (int i = 0; i < back.size(); i++) {
      assertEquals(
          back.targetY(i) * SIDE + back.targetX(i),
          origin[back.sourceY(i) * SIDE + back.sourceX(i)]);
    }
  }

  /** A shift by half a pixel is a whole one for all of them, whatever the centre's last digits. */
  @Test
  void halvesGoOneWay() {
    for (int n = 1; n < 40; n++) {
      var centre = Optional.of(new Point(1.0 / n, 100.0 / n));
      var move = new Move(new Point(10.5, -0.5), 0, 1, centre);
      var view = new View(5, 3, 100, 110, 60 + n, 60 + n, 8, 8);
      var drag = Drag.moved(painted(letter(SIDE, 50, 50)), move);
      var pairs = pixels(drag);
      for (int i = 0; i < pairs.size(); i++) {
        assertEquals(10, pairs.targetX(i) - pairs.sourceX(i));
        assertEquals(-1, pairs.targetY(i) - pairs.sourceY(i));
      }
      // As much of the image as a shift by half of its pixels is.
      var half = new Move(new Point(2.5 / view.scaleX(), -0.5 / view.scaleY()), 0, 1, centre);
      var drawn = Drag.moved(painted(letter(SIDE, 50, 50)), half);
      var reduced = drawing(drawn).mapping(drawn, view, Border.CUT).pixels(60 + n, 60 + n);
      assertTrue(reduced.size() > 0);
      for (int i = 0; i < reduced.size(); i++) {
        assertEquals(2, reduced.targetX(i) - reduced.sourceX(i));
        assertEquals(-1, reduced.targetY(i) - reduced.sourceY(i));
      }
    }
  }

  /** A pixel of nowhere is the nearest one of the picture, as with other mappings. */
  @Test
  void aHandleThatHangsOver() {
    var over = new Area.Rectangle(-16, 40, 47, 47);
    var cut = Drag.moved(over, move(24, 0, 0, 1));
    assertEquals(pixels(Drag.region(over, new Area.Rectangle(8, 40, 47, 47))), pixels(cut));
    assertEquals(cells(Drag.region(over, new Area.Rectangle(8, 40, 47, 47))), cells(cut));
    // Its middle is that of all that is drawn, and half of it is outside either way.
    var turned = pixels(Drag.moved(new Area.Rectangle(-23.5, 40, 47, 47), move(0, 0, 180, 1)));
    assertEquals(24 * 48, turned.size());
    for (int i = 0; i < turned.size(); i++) {
      assertEquals(0, turned.sourceX(i));
      assertEquals(127 - turned.targetY(i), turned.sourceY(i));
    }
    // What is squeezed into the picture is what there is of it.
    var shown = task(cut, Border.SQUEEZED).merged(Overlap.LATER_WINS).pixels();
    assertEquals(32 * 48, shown.size());
    assertEquals(24, shown.targets(SIDE, SIDE).bounds()[0]);
  }

  @Test
  void whatIsFarOutsideIsRefused() {
    var square = new Area.Rectangle(16, 16, 31, 31);
    var away = Drag.moved(square, move(0, 130, 0, 1));
    assertEquals(
        "drags[0].move: expected one that ends in the picture of 128x128, got one that ends wholly"
            + " outside; move less far, or about a point that is nearer",
        message(() -> drawing(away)));
    var turnedAway = Drag.moved(square, about(-100, 0, 180, 1));
    assertTrue(message(() -> drawing(turnedAway)).startsWith("drags[0].move: expected one that"));
    var farAway =
        Drag.moved(
            square, new Move(new Point(65536, -65536), 45, 20, Optional.of(new Point(-65536, 0))));
    assertTrue(message(() -> drawing(farAway)).startsWith("drags[0].move: expected one that"));
    var huge = new Area.Ellipse(new Point(0, 0), 12000, 12000, 0);
    assertEquals(
        "drags[0]: region: expected at most 134217728 pixels with those outside the picture, got"
            + " 24008x24008; draw it nearer to the picture",
        message(() -> drawing(Drag.moved(huge, move(8, 0, 0, 1)))));
    // What is left of it falls between the middles of the cells.
    var tiny = Drag.moved(new Area.Rectangle(16, 16, 31, 31), about(0, 0, 0, 0.05));
    assertTrue(message(() -> cells(tiny)).startsWith("drags[0]: expected a drag of at least one"));
  }

  private static String message(Runnable action) {
    var e = assertThrows(EditDocumentException.class, action::run);
    return String.valueOf(e.getMessage());
  }

  @Test
  void aWindowHoldsTheTarget() {
    var drag =
        Drag.moved(
            new Area.Rectangle(3000, 2000, 60, 20),
            new Move(new Point(0, 0), 90, 1, Optional.of(new Point(3000, 1900))));
    var drawing = Drawing.of(List.of(drag), Optional.empty(), 6000, 4000);
    int[] bounds = drawing.touched().bounds();
    assertEquals(
        List.of(2879, 1900, 3061, 2021), List.of(bounds[0], bounds[1], bounds[2], bounds[3]));
    var task = new Task(drawing, drawing.window(256, CELL), Border.CUT, Pairing.AS_RELEASED);
    assertFalse(task.frame().whole());
    var window = task.merged(Overlap.LATER_WINS).pixels();
    var whole =
        new Task(drawing, drawing.whole(6000, CELL), Border.CUT, Pairing.AS_RELEASED)
            .merged(Overlap.LATER_WINS)
            .pixels();
    assertEquals(whole, window.moved(task.view().x(), task.view().y()));
    // What may change without a mask.
    int[] change = task.change(Mapping.EMPTY, 0).bounds();
    assertEquals(2879 - task.view().x(), change[0]);
  }

  private static Area handle(Random random, int kind) {
    double x = 30 + random.nextDouble() * 60;
    double y = 30 + random.nextDouble() * 60;
    return switch (kind) {
      case 0 -> new Area.Rectangle(x - 40, y, 30 + x / 4, 20 + y / 3);
      case 1 ->
          new Area.Outline(
              Polygon.of(
                  new double[] {x, y},
                  new double[] {x + 50 * random.nextDouble(), y + 30},
                  new double[] {x - 30, y + 40}));
      case 2 -> new Area.Ellipse(new Point(x, y), 35, 18, x * 3);
      case 3 -> stroke(x, y);
      default -> painted(letter(SIDE, (int) x, (int) y));
    };
  }

  private static View view(Random random) {
    int width = 48 + random.nextInt(100);
    int height = 48 + random.nextInt(100);
    return switch (random.nextInt(3)) {
      case 0 -> View.whole(SIDE, SIDE);
      case 1 -> View.whole(SIDE, SIDE, width, height);
      default -> new View(9, 4, 100, 111, width, height, width / CELL, height / CELL);
    };
  }

  /** Every pixel and every cell, against the definition in plain words. */
  @Test
  void everyTargetTakesWhatItComesFrom() {
    var random = new Random(17);
    int pairs = 0;
    for (int n = 0; n < 300; n++) {
      var area = handle(random, n % 5);
      double degrees = random.nextDouble() * 720 - 360;
      double scale = Math.exp(random.nextDouble() * 2 - 1);
      var by = new Point(random.nextDouble() * 40 - 20, random.nextDouble() * 40 - 20);
      var centre = new Point(random.nextDouble() * SIDE, random.nextDouble() * SIDE);
      var drag = Drag.moved(area, new Move(by, degrees, scale, Optional.of(centre)));
      var view = view(random);
      var handle = area.in(view).rasterise(view.width(), view.height());
      // Of a drag that stays, since some of these end outside.
      var drawing = drawing(Drag.region(area, area));
      var mapping = drawing.mapping(drag, view, Border.SQUEEZED);
      var found = mapping.pixels(view.width(), view.height());
      pairs += found.size();
      check(found, handle, view, 1, by, degrees, scale, centre);
      if (!handle.toCells().isEmpty()) {
        var cells = mapping.cells(view.width(), view.height());
        check(cells, handle.toCells(), view, CELL, by, degrees, scale, centre);
      }
      // What hangs over adds pairs and changes none.
      var cut = drawing.mapping(drag, view, Border.CUT).pixels(view.width(), view.height());
      assertEquals(found, cut.within(view.width(), view.height()));
    }
    assertTrue(pairs > 100_000, "" + pairs);
  }

  private static void check(
      Mapping found,
      RegionMask source,
      View view,
      int side,
      Point by,
      double degrees,
      double scale,
      Point centre) {
    var sources = new int[source.width() * source.height()];
    Arrays.fill(sources, -1);
    var seen = new HashSet<Integer>();
    for (int i = 0; i < found.size(); i++) {
      int at = found.targetY(i) * source.width() + found.targetX(i);
      assertTrue(seen.add(at), "a target twice");
      assertTrue(source.get(found.sourceX(i), found.sourceY(i)), "a source beside the handle");
      sources[at] = found.sourceY(i) * source.width() + found.sourceX(i);
    }
    double angle = -Math.toRadians(degrees);
    for (int at = 0; at < sources.length; at++) {
      // Into the picture, against shift, turn and scale, and back into the image.
      double x = (at % source.width() + 0.5) * side / view.scaleX() + view.x() - by.x();
      double y =
          (Math.floorDiv(at, source.width()) + 0.5) * side / view.scaleY() + view.y() - by.y();
      double dx = (x - centre.x()) / scale;
      double dy = (y - centre.y()) / scale;
      double fromX = centre.x() + dx * Math.cos(angle) - dy * Math.sin(angle);
      double fromY = centre.y() + dx * Math.sin(angle) + dy * Math.cos(angle);
      double column = (fromX - view.x()) * view.scaleX() / side;
      double row = (fromY - view.y()) * view.scaleY() / side;
      if (sources[at] >= 0) {
        assertEquals(column, sources[at] % source.width() + 0.5, 0.5 + 1e-5);
        assertEquals(row, Math.floorDiv(sources[at], source.width()) + 0.5, 0.5 + 1e-5);
      } else if (Math.abs(column - Math.rint(column)) > 1e-5
          && Math.abs(row - Math.rint(row)) > 1e-5) {
        assertFalse(source.get((int) Math.floor(column), (int) Math.floor(row)), "nothing came");
      }
    }
  }

  /** The arrow of a move ends where it carries the middle of what is shown. */
  @Test
  void anArrowOfAMove() {
    var square = new Area.Rectangle(16, 16, 31, 31);
    assertEquals(
        List.of(new Arrow(new Point(31.5, 31.5), new Point(51.5, 27.5))),
        task(Drag.moved(square, move(20, -4, 0, 1)), Border.CUT).arrows());
    assertEquals(
        List.of(new Arrow(new Point(31.5, 31.5), new Point(31.5, 31.5))),
        task(Drag.moved(square, move(0, 0, 90, 3)), Border.CUT).arrows());
    assertEquals(
        List.of(new Arrow(new Point(31.5, 31.5), new Point(95.5, 31.5))),
        task(Drag.moved(square, about(64, 64, 90, 1)), Border.CUT).arrows());
    var over = new Area.Rectangle(-20, 16, 30, 30);
    assertEquals(
        List.of(new Arrow(new Point(5, 31), new Point(65, 31))),
        task(Drag.moved(over, move(60, 0, 0, 1)), Border.CUT).arrows());
  }

  @Test
  void oddMovesAreRefused() {
    var messages = new ArrayList<String>();
    for (double value : new double[] {Double.NaN, 1e308, -1, 0, 0.04, 20.5}) {
      messages.add(message(() -> move(1, 1, 0, value)));
    }
    assertTrue(
        messages.stream()
            .allMatch(m -> m.startsWith("move.scale: expected a number from 0.05 to 20, got ")),
        messages.toString());
    assertEquals(
        "move.rotate: expected a number from -360 to 360, got 361; correct it",
        message(() -> move(1, 1, 361, 1)));
    for (double degrees : new double[] {0, 360, -360}) {
      assertEquals(
          "move: expected a shift, a turn or another size, got none of them; give by, rotate or"
              + " scale another value",
          message(() -> move(0, -0.0, degrees, 1)));
    }
    var points = new Area.Points(List.of(new Point(1, 1)));
    assertEquals(
        "handle: expected a region that is drawn with mapping \"move\", got points; draw it, or"
            + " pair cells with the mapping \"cells\"",
        message(() -> Drag.moved(points, move(8, 0, 0, 1))));
  }
}
