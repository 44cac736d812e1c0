package org.drag4j.picture;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.drag4j.geometry.RegionMask;
import org.junit.jupiter.api.Test;

class LevelsTest {
  private static Picture picture(int width, int height) {
    byte[] rgb = new byte[width * height * 3];
    new Random(7).nextBytes(rgb);
    return Picture.of(width, height, rgb);
  }

  @Test
  void resizedAsPicturesAre() {
    var picture = picture(37, 23);
    for (int[] to : new int[][] {{37, 23}, {74, 50}, {20, 11}, {50, 9}}) {
      var expected = Levels.of(picture.resized(to[0], to[1])).values();
      assertArrayEquals(
          expected, Levels.of(picture).resized(to[0], to[1]).values(), 0.5001f, to[0] + "");
    }
    assertEquals(picture, Levels.of(picture).picture());
  }

  @Test
  void aDecodersValuesAreClamped() {
    var levels = Levels.fromModel(new float[] {-1, 0, 1, -7, 7, 0.5f}, 2, 1);
    assertArrayEquals(new float[] {0, 127.5f, 255, 0, 255, 191.25f}, levels.values());
  }

  /** Against the sum in two dimensions, with mirrored borders. */
  @Test
  void blurredByAGaussian() {
    int w = 9;
    int h = 5;
    double deviation = 1.5;
    var levels = Levels.of(picture(w, h));
    var blurred = levels.blurred(deviation);
    for (int y = 0; y < h; y++) {
      for (int x = 0; x < w; x++) {
        for (int c = 0; c < 3; c++) {
          double sum = 0;
          double weights = 0;
          for (int dy = -6; dy <= 6; dy++) {
            for (int dx = -6; dx <= 6; dx++) {
              double weight = Math.exp(-(dx * dx + dy * dy) / (2 * deviation * deviation));
              weights += weight;
              int at = (mirrored(y + dy, h) * w + mirrored(x + dx, w)) * 3 + c;
              sum += weight * levels.values()[at];
            }
          }
          assertEquals(sum / weights, blurred.values()[(y * w + x) * 3 + c], 1e-3);
        }
      }
    }
  }

  private static int mirrored(int at, int length) {
    return at < 0
        ? mirrored(-1 - at, length)
        : at < length ? at : mirrored(2 * length - 1 - at, length);
  }

  /** A plane is the mean of its neighbours everywhere, and so is what is made up of one. */
  @Test
  void whatIsMadeUpContinuesWhatIsAround() {
    int w = 61;
    int h = 47;
    var plane = new float[w * h * 2];
    byte[] unknown = new byte[w * h];
    for (int at = 0; at < w * h; at++) {
      int x = at % w;
      int y = at / w;
      plane[at * 2] = 3 * x - 2 * y;
      plane[at * 2 + 1] = 40 + y;
      unknown[at] =
          (byte) (Math.hypot(x - 30, y - 22) < 14 || (x > 50 && x < 56 && y == 9) ? 1 : 0);
    }
    var damaged = plane.clone();
    for (int at = 0; at < w * h; at++) {
      if (unknown[at] != 0) {
        damaged[at * 2] = 1e6f;
        damaged[at * 2 + 1] = Float.NaN;
      }
    }
    var mask = RegionMask.of(w, h, unknown);
    var levels = new Levels(w, h, 2, damaged);
    assertArrayEquals(plane, levels.filled(mask).values(), 1.5f);
    assertTrue(Float.isNaN(levels.values()[(22 * w + 30) * 2 + 1]), "the image itself stays");
    assertArrayEquals(plane, new Levels(w, h, 2, plane).filled(RegionMask.none(w, h)).values());
    assertArrayEquals(
        new float[w * h * 2], levels.filled(RegionMask.all(w, h)).values(), "nothing to go by");
  }

  @Test
  void takenFromPositionsBetweenPixels() {
    var levels = new Levels(3, 2, 1, new float[] {0, 10, 20, 100, 110, 120});
    float[] x = {0, 2, 0.5f, 1.25f, -4, 9};
    float[] y = {0, 1, 0.5f, 0, 0.25f, 9};
    assertArrayEquals(new float[] {0, 120, 55, 12.5f, 25, 120}, levels.at(x, y).values(), 1e-4f);
  }

  @Test
  void aWrongNumberOfValuesIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Levels(2, 2, 3, new float[11]));
  }
}
