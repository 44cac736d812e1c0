package org.drag4j.picture;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
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

  @Test
  void aWrongNumberOfValuesIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Levels(2, 2, 3, new float[11]));
  }
}
