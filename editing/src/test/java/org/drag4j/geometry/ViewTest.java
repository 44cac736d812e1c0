package org.drag4j.geometry;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Windows of pictures, brushes, explicit cells, and what masks know of themselves. */
class ViewTest {
  @Test
  void aWindowMovesAndScales() {
    var view = new View(100, 50, 200, 100, 50, 50, 6, 6);
    assertEquals(new Point(0, 0), view.of(new Point(100, 50)));
    assertEquals(new Point(50, 50), view.of(new Point(300, 150)));
    assertEquals(new Point(-25, 1.5), view.of(new Point(0, 53)));
    assertEquals(new View(100, 50, 200, 100, 200, 100, 6, 6), view.original());
    assertThrows(IllegalArgumentException.class, () -> new View(-1, 0, 8, 8, 8, 8, 1, 1));
    assertThrows(IllegalArgumentException.class, () -> new View(0, 0, 8, 8, 8, 8, 9, 1));
  }

  @Test
  void masksAreCutAndScaledByPixelCentres() {
    // Columns 0 to 7, the value is whether the column is one of 3, 4, 6.
    var mask = RegionMask.of(8, 1, new byte[] {0, 0, 0, 1, 1, 0, 1, 0});
    assertEquals(mask, mask.in(View.whole(8, 1)));
    assertEquals(
        RegionMask.of(4, 1, new byte[] {1, 1, 0, 1}), mask.in(new View(3, 0, 4, 1, 4, 1, 1, 1)));
    assertEquals(RegionMask.of(2, 1, new byte[] {0, 1}), mask.in(View.whole(8, 1, 2, 1)));
    assertArrayEquals(new int[] {3, 0, 7, 1}, mask.bounds());
    assertArrayEquals(new int[] {4, 4, 0, 0}, RegionMask.none(4, 4).bounds());
  }

  @Test
  void boundsHoldEveryPixel() {
    var random = new Random(5);
    for (int i = 0; i < 50; i++) {
      byte[] values = new byte[13 * 7];
      values[random.nextInt(values.length)] = 1;
      values[random.nextInt(values.length)] = 1;
      var mask = RegionMask.of(13, 7, values);
      int[] bounds = mask.bounds();
      int[] slow = {13, 7, 0, 0};
      for (int at = mask.next(0); at >= 0; at = mask.next(at + 1)) {
        slow[0] = Math.min(slow[0], at % 13);
        slow[1] = Math.min(slow[1], at / 13);
        slow[2] = Math.max(slow[2], at % 13 + 1);
        slow[3] = Math.max(slow[3], at / 13 + 1);
      }
      assertArrayEquals(slow, bounds);
    }
  }

  @Test
  void depthCountsFromTheNearestPixelOutside() {
    var row = RegionMask.of(9, 1, new byte[] {0, 1, 1, 1, 1, 1, 1, 1, 1});
    assertArrayEquals(new float[] {0, 1, 2, 3, 4, 4, 4, 4, 4}, row.depth(4));
    // The border of the image is none of the region.
    assertArrayEquals(new float[] {3, 3, 3, 3}, RegionMask.all(2, 2).depth(3));
    var corner =
        RegionMask.all(3, 3).without(RegionMask.of(3, 3, new byte[] {1, 0, 0, 0, 0, 0, 0, 0, 0}));
    assertArrayEquals(new float[] {0, 1, 2, 1, 4 / 3f, 7 / 3f, 2, 7 / 3f, 8 / 3f}, corner.depth(9));
  }

  @Test
  void aBrushPaintsWhatIsWithinItsRadius() {
    var lines =
        List.of(
            List.of(new Point(5, 6), new Point(25.5, 14), new Point(20, 30)),
            List.of(new Point(3, 36)),
            List.of(new Point(30, 2), new Point(38, 2)),
            List.of(new Point(36, 20), new Point(36, 33)));
    double radiusX = 4.25;
    double radiusY = 2.5;
    var mask = new Strokes(lines, radiusX, radiusY).rasterise(40, 40);
    for (int y = 0; y < 40; y++) {
      for (int x = 0; x < 40; x++) {
        double nearest = Double.MAX_VALUE;
        for (var line : lines) {
          for (int i = 0; i < line.size(); i++) {
            nearest =
                Math.min(
                    nearest,
                    distance(
                        (x + 0.5) / radiusX,
                        (y + 0.5) / radiusY,
                        line.get(Math.max(0, i - 1)),
                        line.get(i),
                        radiusX,
                        radiusY));
          }
        }
        if (Math.abs(nearest - 1) > 1e-9) {
          assertEquals(nearest < 1, mask.get(x, y), x + "," + y + ": " + nearest);
        }
      }
    }
    // However fine the brush, the pixels it stands in are painted.
    var dot = new Strokes(List.of(List.of(new Point(7.9, 3.1))), 0.01, 0.01).rasterise(8, 8);
    assertEquals(1, dot.count());
    assertTrue(dot.get(7, 3));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Strokes(List.of(List.of(new Point(90, 90))), 2, 2).rasterise(8, 8));
  }

  private static double distance(
      double x, double y, Point a, Point b, double radiusX, double radiusY) {
    double ax = a.x() / radiusX;
    double ay = a.y() / radiusY;
    double dx = b.x() / radiusX - ax;
    double dy = b.y() / radiusY - ay;
    double square = dx * dx + dy * dy;
    double t = square == 0 ? 0 : Math.clamp(((x - ax) * dx + (y - ay) * dy) / square, 0, 1);
    return Math.hypot(ax + t * dx - x, ay + t * dy - y);
  }

  @Test
  void cellsAreNamedByPositionsInThem() {
    var view = View.whole(64, 32);
    var mapping =
        new CellsMapping(
            List.of(new Point(1, 1), new Point(15.9, 8), new Point(-1, 40), new Point(0, 0)),
            List.of(new Point(63, 31), new Point(16, 0), new Point(8, 8), new Point(64, 0)),
            view);
    // The last pair's target lies outside; the third one's source does, which clamping mends.
    var cells = mapping.cells(64, 32);
    assertEquals(
        Mapping.of(
            new int[] {0, 1, -1}, new int[] {0, 1, 5}, new int[] {7, 2, 1}, new int[] {3, 0, 1}),
        cells);
    assertEquals(3 * 64, mapping.pixels(64, 32).size());
    var pixels = mapping.pixels(64, 32);
    assertEquals(9, pixels.sourceX(64 + 1));
    assertEquals(8, pixels.sourceY(64 + 1));
    assertEquals(17, pixels.targetX(64 + 1));
    assertEquals(0, pixels.targetY(64 + 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> new CellsMapping(List.of(new Point(0, 0)), List.of(), view));
  }

  @Test
  void cellsOfAScaledGridCoverEveryPixelOnce() {
    var view = new View(0, 0, 37, 21, 37, 21, 4, 2);
    int[] all = {0, 1, 2, 3, 4, 5, 6, 7};
    assertEquals(RegionMask.all(37, 21), RegionMask.ofCells(view, all));
    int[] columns = {0, 1, 2, 3, 0, 1, 2, 3};
    int[] rows = {0, 0, 0, 0, 1, 1, 1, 1};
    var identity = Mapping.of(columns, rows, columns, rows).spread(view);
    assertEquals(37 * 21, identity.size());
    assertArrayEquals(identity.sourceCells(37, 21), identity.targetCells(37, 21));
    var first = Mapping.of(new int[] {0}, new int[] {0}, new int[] {3}, new int[] {1});
    var moved = first.spread(view);
    for (int i = 0; i < moved.size(); i++) {
      assertTrue(moved.sourceX(i) < 9 && moved.sourceY(i) < 10);
    }
    assertEquals(
        first.moved(2, 3), Mapping.of(new int[] {2}, new int[] {3}, new int[] {5}, new int[] {4}));
    assertFalse(RegionMask.ofCells(view, 0).get(9, 0));
  }

  @Test
  void aContestedTargetGoesToTheNearerMiddle() {
    // Targets 0 to 4 and 3 to 9 of one row; middles 2 and 6.
    var first = Mapping.of(new int[5], new int[5], new int[] {0, 1, 2, 3, 4}, new int[5]);
    var second =
        Mapping.of(
            new int[] {9, 9, 9, 9, 9, 9, 9},
            new int[7],
            new int[] {3, 4, 5, 6, 7, 8, 9},
            new int[7]);
    for (var parts : List.of(List.of(first, second), List.of(second, first))) {
      var won = Mapping.nearest(parts, 10, 1);
      int[] sources = new int[10];
      for (int i = 0; i < won.size(); i++) {
        sources[won.targetX(i)] = won.sourceX(i);
      }
      assertEquals(10, won.size());
      assertEquals(0, sources[3]);
      // The fourth lies as near to both: the earlier one has it.
      assertEquals(parts.getFirst().sourceX(0), sources[4]);
      assertEquals(9, sources[5]);
    }
  }

  @Test
  void vacatedPixelsFindTheNearestFreeOne() {
    var vacated = RegionMask.of(5, 2, new byte[] {0, 1, 1, 1, 0, 0, 0, 0, 0, 0});
    var taken = RegionMask.of(5, 2, new byte[] {0, 1, 1, 1, 0, 0, 1, 1, 1, 0});
    int[] nearest = vacated.nearestOutside(taken);
    assertEquals(0, nearest[0]);
    assertTrue(nearest[1] == 0 || nearest[1] == 4);
    assertEquals(4, nearest[2]);
    assertArrayEquals(new int[] {1, 2, 3}, vacated.nearestOutside(RegionMask.all(5, 2)));
    assertArrayEquals(new int[] {1, 2, 3}, vacated.pixels());
  }
}
