package org.drag4j.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.View;
import org.drag4j.picture.Levels;
import org.junit.jupiter.api.Test;

/** Details on pictures whose autoencoder is a Gaussian. */
class DetailsTest {
  private static final int SIDE = 96;

  /** Of 16x16 pixels at (16, 40), 40 pixels to the right. */
  private static final Mapping MOVED = block(16, 40, 40, 0, 16);

  private static final RegionMask NOTHING = RegionMask.none(SIDE, SIDE);

  private static Mapping block(int x, int y, int dx, int dy, int size) {
    int n = size * size;
    int[][] columns = new int[4][n];
    for (int i = 0; i < n; i++) {
      columns[0][i] = x + i % size;
      columns[1][i] = y + i / size;
      columns[2][i] = columns[0][i] + dx;
      columns[3][i] = columns[1][i] + dy;
    }
    return Mapping.of(columns[0], columns[1], columns[2], columns[3]);
  }

  /** Levels from 60 to 200 with much detail. */
  private static Levels original() {
    var random = new Random(3);
    var levels = Levels.zero(SIDE, SIDE, 3);
    for (int i = 0; i < levels.values().length; i++) {
      int pixel = i / 3;
      double wave = 40 * Math.sin(pixel % SIDE / 9.0) * Math.cos(Math.floorDiv(pixel, SIDE) / 7.0);
      levels.values()[i] = (float) (130 + wave + 30 * (random.nextDouble() - 0.5));
    }
    return levels;
  }

  private static double error(Levels a, Levels b, int x, int y, int size) {
    double sum = 0;
    for (int at = 0; at < size * size * 3; at++) {
      int i = ((y + at / 3 / size) * SIDE + x + at / 3 % size) * 3 + at % 3;
      sum += Math.abs(a.values()[i] - b.values()[i]);
    }
    return sum / (size * size * 3);
  }

  private static Levels moved(Levels levels) {
    float[] values = levels.values().clone();
    for (int i = 0; i < MOVED.size(); i++) {
      int from = (MOVED.sourceY(i) * SIDE + MOVED.sourceX(i)) * 3;
      int to = (MOVED.targetY(i) * SIDE + MOVED.targetX(i)) * 3;
      System.arraycopy(levels.values(), from, values, to, 3);
    }
    return new Levels(SIDE, SIDE, 3, values);
  }

  @Test
  void whatTheAutoencoderLosesComesBackWhereTheEditAgrees() {
    var original = original();
    var decoded = original.blurred(2);
    var edited = moved(decoded);
    var left = MOVED.sources(SIDE, SIDE);
    var wanted = moved(original);
    var restored = Details.restored(edited, decoded, original, MOVED, left, 1);
    // Inside the moved block, and where nothing is edited.
    assertEquals(0, error(restored, wanted, 60, 44, 8), 0.2);
    assertEquals(0, error(restored, wanted, 8, 8, 16), 1e-3);
    assertTrue(error(edited, wanted, 60, 44, 8) > 4, "an autoencoder that loses");
    // What left has no detail to take, and stays as it is.
    assertEquals(0, error(restored, edited, 20, 44, 8), 1e-3);
    // Half is half of the way.
    var half = Details.restored(edited, decoded, original, MOVED, left, 0.5);
    for (int i = 0; i < half.values().length; i++) {
      assertEquals((edited.values()[i] + restored.values()[i]) / 2, half.values()[i], 1e-3f);
    }
    assertArrayEquals(
        edited.values(), Details.restored(edited, decoded, original, MOVED, left, 0).values());
  }

  /** Detail of what was there before must not shine through what is new. */
  @Test
  void noGhostInContentThatChanged() {
    var original = original();
    var decoded = original.blurred(2);
    for (int sign : new int[] {-1, 1}) {
      var edited = new Levels(SIDE, SIDE, 3, decoded.values().clone());
      for (int at = 0; at < 40 * 40; at++) {
        for (int c = 0; c < 3; c++) {
          int i = ((28 + at / 40) * SIDE + 28 + at % 40) * 3 + c;
          edited.values()[i] = decoded.values()[i] + sign * 40;
        }
      }
      var restored = Details.restored(edited, decoded, original, Mapping.EMPTY, NOTHING, 1);
      float most = 0;
      for (int at = 0; at < 22 * 22; at++) {
        for (int c = 0; c < 3; c++) {
          int i = ((37 + at / 22) * SIDE + 37 + at % 22) * 3 + c;
          most = Math.max(most, Math.abs(restored.values()[i] - edited.values()[i]));
        }
      }
      assertTrue(most <= 2, "moved by " + most);
    }
  }

  /** Where several pixels go to one the later pair counts, as everywhere. */
  @Test
  void pairsThatLeaveThePictureCountForNothing() {
    var original = original();
    var decoded = original.blurred(2);
    var restored = Details.restored(decoded, decoded, original, block(90, 90, 3, 3, 6), NOTHING, 1);
    assertEquals(0, error(restored, original, 8, 8, 16), 1e-3);
  }

  @Test
  void coloursMeetAtTheBorder() {
    var original = original();
    var change =
        RegionMask.ofCells(View.whole(SIDE, SIDE), 4 * 12 + 4, 4 * 12 + 5, 5 * 12 + 4, 5 * 12 + 5);
    var edited = new Levels(SIDE, SIDE, 3, original.values().clone());
    for (int i = 0; i < edited.values().length; i++) {
      edited.values()[i] += i % 3 == 1 ? -6 : 10;
    }
    var matched = Seam.matched(edited, original, change, SIDE, SIDE);
    // At the border hardly anything is left of the shift; far outside nothing is touched.
    assertTrue(error(matched, original, 32, 32, 2) < 2, "at the corner");
    assertEquals(26.0 / 3, error(edited, original, 32, 32, 2), 1e-3);
    assertEquals(0, error(matched, edited, 0, 0, 30), 1e-6);
    // Where everything may change there is no border.
    assertArrayEquals(
        edited.values(),
        Seam.matched(edited, original, RegionMask.all(SIDE, SIDE), SIDE, SIDE).values());
  }
}
