package org.drag4j.geometry;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.drag4j.recording.Recording;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** All recorded mappings, pair by pair, at both scales. */
class MappingsTest {
  private static final int WIDTH = 192;
  private static final int HEIGHT = 128;
  private static final Recording RECORDING = Recording.of("regiondrag.safetensors");

  private static Mapping recorded(String prefix) {
    int[] source = RECORDING.ints(prefix + ".source");
    int[] target = RECORDING.ints(prefix + ".target");
    return Mapping.of(column(source, 0), column(source, 1), column(target, 0), column(target, 1));
  }

  private static int[] column(int[] pairs, int which) {
    return IntStream.range(0, pairs.length / 2).map(i -> pairs[2 * i + which]).toArray();
  }

  private static RegionMask region(int pair, int side) {
    int at = (pair * 2 + side) * WIDTH * HEIGHT;
    byte[] all = RECORDING.unsigned("regions");
    return RegionMask.of(WIDTH, HEIGHT, Arrays.copyOfRange(all, at, at + WIDTH * HEIGHT));
  }

  private static List<RegionMapping> regionPairs() {
    return List.of(
        new RegionPairMapping(region(0, 0), region(0, 1)),
        new RegionPairMapping(region(1, 0), region(1, 1)));
  }

  private static PolygonMapping polygons(String name) {
    int[] flat = RECORDING.ints("poly." + name + ".vertices");
    int n = flat.length / 4;
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < 2 * n; i++) {
      points.add(new Point(flat[2 * i], flat[2 * i + 1]));
    }
    return new PolygonMapping(
        new Polygon(points.subList(0, n)), new Polygon(points.subList(n, 2 * n)));
  }

  private static RegionPointsMapping arrows(String name) {
    int[] flat = RECORDING.ints("rp." + name + ".points");
    List<Arrow> arrows = new ArrayList<>();
    for (int i = 0; i < flat.length; i += 4) {
      arrows.add(new Arrow(new Point(flat[i], flat[i + 1]), new Point(flat[i + 2], flat[i + 3])));
    }
    return new RegionPointsMapping(region(0, 0), arrows);
  }

  @Test
  void regionPairsMatch() {
    List<RegionMapping> drags = regionPairs();
    assertSame("map.pixel", RegionMapping.pixels(drags, WIDTH, HEIGHT));
    assertSame("map.latent", RegionMapping.cells(drags, WIDTH, HEIGHT));
    // Overlapping targets: the other order is another edit.
    assertNotEquals(recorded("map.latent"), RegionMapping.cells(drags.reversed(), WIDTH, HEIGHT));
  }

  @ParameterizedTest
  @ValueSource(strings = {"quad", "tri"})
  void polygonsMatch(String name) {
    PolygonMapping drag = polygons(name);
    assertSame("poly." + name + ".pixel", drag.pixels(WIDTH, HEIGHT));
    assertSame("poly." + name + ".latent", drag.cells(WIDTH, HEIGHT));
    PolygonMapping swapped =
        new PolygonMapping(/* handle= */ drag.target(), /* target= */ drag.handle());
    assertNotEquals(recorded("poly." + name + ".latent"), swapped.cells(WIDTH, HEIGHT));
  }

  @ParameterizedTest
  @ValueSource(strings = {"shift", "two", "three"})
  void regionsWithArrowsMatch(String name) {
    RegionPointsMapping drag = arrows(name);
    assertSame("rp." + name + ".pixel", drag.pixels(WIDTH, HEIGHT));
    assertSame("rp." + name + ".latent", drag.cells(WIDTH, HEIGHT));
  }

  private static void assertSame(String name, Mapping actual) {
    Mapping expected = recorded(name);
    assertEquals(expected.size(), actual.size(), name);
    int differing = 0;
    for (int i = 0; i < expected.size(); i++) {
      boolean same =
          expected.sourceX(i) == actual.sourceX(i)
              && expected.sourceY(i) == actual.sourceY(i)
              && expected.targetX(i) == actual.targetX(i)
              && expected.targetY(i) == actual.targetY(i);
      differing += same ? 0 : 1;
    }
    assertEquals(0, differing, name);
  }

  @Test
  void runsUseTheseCells() {
    assertEquals(recorded("map.latent"), recorded("etc"));
    assertEquals(recorded("rp.three.latent"), recorded("arrows"));
    assertEquals(
        recorded("map.latent").scaled(8).size(),
        recorded("map.latent").within(WIDTH / 8, HEIGHT / 8).size());
  }

  @Test
  void thePreviewIsCopiedPixelByPixel() {
    Mapping pixels = RegionMapping.pixels(regionPairs(), WIDTH, HEIGHT);
    byte[] image = RECORDING.unsigned("image");
    byte[] preview = RECORDING.unsigned("preview");
    assertArrayEquals(preview, pixels.copyPixels(image, WIDTH, HEIGHT, 3));
    Mapping reversed = RegionMapping.pixels(regionPairs().reversed(), WIDTH, HEIGHT);
    assertTrue(!Arrays.equals(preview, reversed.copyPixels(image, WIDTH, HEIGHT, 3)));
  }

  @Test
  void bordersCountTheirCorners() {
    // A single pixel, a line, a rectangle with a hole that holds another blob.
    String[] rows = {
      "#...........", //
      "...####.....",
      "............",
      ".#######....",
      ".#.....#....",
      ".#..#..#...#",
      ".#.....#..#.",
      ".#######.#..",
    };
    byte[] mask = new byte[12 * 8];
    List<Integer> cells = new ArrayList<>();
    for (int i = 0; i < mask.length; i++) {
      if (rows[i / 12].charAt(i % 12) == '#') {
        mask[i] = 1;
        cells.add(i);
      }
    }
    List<Contour> contours = Contour.external(RegionMask.of(12, 8, mask));
    assertEquals(4, contours.size());
    assertEquals(List.of(2, 4, 2, 1), contours.stream().map(Contour::size).toList());
    assertArrayEquals(new int[] {1, 1, 7, 7}, contours.get(1).xs());
    assertArrayEquals(new int[] {3, 7, 7, 3}, contours.get(1).ys());
    int[] x = cells.stream().mapToInt(c -> c % 12).toArray();
    int[] y = cells.stream().mapToInt(c -> c / 12).toArray();
    assertEquals(9, Mapping.of(x, y, x, y).targetBorderCells(12, 8).length);
  }

  @Test
  void aCellNeedsTwoOfItsCentrePixels() {
    byte[] mask = new byte[20 * 17];
    mask[3 * 20 + 3] = 1; // one centre pixel of cell (0, 0)
    mask[3 * 20 + 11] = 1; // two of cell (1, 0)
    mask[4 * 20 + 12] = 1;
    for (int y = 8; y < 16; y++) {
      for (int x = 0; x < 8; x++) {
        boolean centre = (x == 3 || x == 4) && (y == 11 || y == 12);
        mask[y * 20 + x] = (byte) (centre ? 0 : 1); // all but the centre of cell (0, 1)
      }
    }
    RegionMask cells = RegionMask.of(20, 17, mask).toCells();
    assertEquals(2, cells.width());
    assertEquals(2, cells.height());
    assertEquals(1, cells.count());
    assertTrue(cells.get(1, 0));
  }

  @Test
  void masksAreSampledAtTheTopLeftPixel() {
    byte[] mask = new byte[32 * 16];
    mask[8 * 32 + 16] = 1;
    mask[9] = 1;
    boolean[] sampled = RegionMask.of(32, 16, mask).sample(4, 2);
    for (int i = 0; i < 8; i++) {
      assertEquals(i == 6, sampled[i], "cell " + i);
    }
  }

  @Test
  void fillsIncludeTheOutline() {
    RegionMask square =
        Polygon.of(
                new double[] {1, 1},
                new double[] {4.9, 1},
                new double[] {4, 3},
                new double[] {1, 3})
            .rasterise(8, 8);
    assertEquals(12, square.count());
    assertTrue(square.get(4, 3) && square.get(1, 1) && !square.get(5, 2));
    RegionMask line =
        Polygon.of(new double[] {0, 0}, new double[] {7, 7}, new double[] {0, 0}).rasterise(8, 8);
    assertEquals(8, line.count());
    // Partly outside, far away and huge: only what is inside counts.
    RegionMask half =
        Polygon.of(
                new double[] {-60000, -60000},
                new double[] {60000, -60000},
                new double[] {60000, 3},
                new double[] {-60000, 3})
            .rasterise(8, 8);
    assertEquals(8 * 4, half.count());
  }

  @Test
  void pairsThatLeaveTheImageAreDroppedOrClamped() {
    Mapping mapping =
        Mapping.of(
            new int[] {0, -1, 9, 2},
            new int[] {0, 0, 0, 2},
            new int[] {1, 2, 3, 4},
            new int[] {1, 1, 1, 9});
    assertEquals(1, mapping.within(5, 5).size());
    assertEquals(3, mapping.clamped(5, 5).size());
    assertEquals(4, mapping.clamped(5, 5).sourceX(2));
    assertThrows(IllegalArgumentException.class, () -> mapping.sourceCells(5, 5));
    assertEquals(
        9, Mapping.of(new int[] {-1}, new int[] {1}, new int[1], new int[1]).sourceCells(5, 5)[0]);
    assertEquals(8, Mapping.concat(List.of(mapping, Mapping.EMPTY, mapping)).size());
  }

  @Test
  void anEmptyColumnOfTheHandleIsSkipped() {
    byte[] handle = new byte[8 * 2];
    handle[0] = 1;
    handle[7] = 1;
    byte[] target = new byte[8 * 2];
    Arrays.fill(target, 0, 8, (byte) 1);
    Mapping mapping =
        new RegionPairMapping(RegionMask.of(8, 2, handle), RegionMask.of(8, 2, target))
            .pixels(8, 2);
    assertEquals(2, mapping.size());
    assertEquals(7, mapping.sourceX(1));
  }

  @Test
  void hostileShapesAreRefused() {
    double[] bad = {
      Double.NaN,
      Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY,
      1e300,
      -262_145,
      Double.MAX_VALUE
    };
    for (double value : bad) {
      refused("coordinates", () -> new Point(value, 0));
      refused("coordinates", () -> new Point(0, value));
    }
    refused("vertices", () -> Polygon.of(new double[] {0, 0}, new double[] {1, 1}));
    refused("vertices", () -> new Polygon(Collections.nCopies(100_000, new Point(1, 1))));
    refused("coordinates", () -> Polygon.of(new double[1], new double[2], new double[2]));
    Polygon outside =
        Polygon.of(new double[] {20, 20}, new double[] {30, 20}, new double[] {20, 30});
    refused("inside", () -> outside.rasterise(16, 16));
    Polygon small = Polygon.of(new double[] {0, 0}, new double[] {1, 0}, new double[] {0, 1});
    refused("cell", () -> small.rasteriseCells(16, 16));
    refused("pixel", () -> RegionMask.of(2, 2, new byte[4]).rasterise(2, 2));
    refused("expected", () -> RegionMask.all(2, 2).rasterise(3, 2));
    refused("size", () -> RegionMask.all(1 << 16, 1 << 16));
    refused("size", () -> small.rasterise(Integer.MAX_VALUE, Integer.MAX_VALUE));
    refused("values", () -> RegionMask.of(3, 3, new byte[8]));
    refused("size", () -> RegionMask.all(7, 7).toCells());
    refused("arrow", () -> new RegionPointsMapping(small, List.of()));
    refused(
        "arrow",
        () ->
            new RegionPointsMapping(small, List.of(new Arrow(new Point(9, 9), new Point(0, 0))))
                .pixels(16, 16));
    refused("columns", () -> Mapping.of(new int[1], new int[2], new int[1], new int[1]));
  }

  @Test
  void improperPolygonPairsAreRefused() {
    Polygon square =
        Polygon.of(
            new double[] {0, 0}, new double[] {8, 0}, new double[] {8, 8}, new double[] {0, 8});
    Polygon bow =
        Polygon.of(
            new double[] {0, 0}, new double[] {8, 8}, new double[] {8, 0}, new double[] {0, 8});
    Polygon flat =
        Polygon.of(
            new double[] {0, 0}, new double[] {4, 4}, new double[] {8, 8}, new double[] {0, 8});
    Polygon triangle = Polygon.of(new double[] {0, 0}, new double[] {8, 0}, new double[] {0, 8});
    Polygon line = Polygon.of(new double[] {0, 0}, new double[] {4, 4}, new double[] {8, 8});
    Polygon pentagon = new Polygon(Collections.nCopies(5, new Point(1, 1)));
    refused("bow tie", () -> new PolygonMapping(square, bow));
    refused("bow tie", () -> new PolygonMapping(bow, square));
    refused("line", () -> new PolygonMapping(flat, square));
    refused("line", () -> new PolygonMapping(triangle, line));
    refused("vertices", () -> new PolygonMapping(square, triangle));
    refused("vertices", () -> new PolygonMapping(pentagon, pentagon));
    assertEquals(81, new PolygonMapping(square, square).pixels(16, 16).size());
  }

  private static void refused(String word, Executable action) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, action);
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(word) && message.contains("expected"), message);
  }
}
