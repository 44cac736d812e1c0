package org.drag4j.picture;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.drag4j.geometry.RegionMask;
import org.junit.jupiter.api.Test;

class PictureTest {
  private static Picture grey(int width, int height, int... levels) {
    byte[] rgb = new byte[width * height * 3];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) levels[i / 3];
    }
    return Picture.of(width, height, rgb);
  }

  private static int[] levels(Picture picture) {
    int[] levels = new int[picture.width() * picture.height()];
    for (int i = 0; i < levels.length; i++) {
      levels[i] = picture.level(i % picture.width(), i / picture.width(), 1);
    }
    return levels;
  }

  @Test
  void everyLevelSurvivesTheModelsRange() {
    byte[] rgb = new byte[256 * 3];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i / 3);
    }
    var all = Picture.of(256, 1, rgb);
    float[] values = all.toModel();
    assertEquals(-1f, values[0]);
    assertEquals(1f, values[255 * 3]);
    assertEquals(51 / 255f * 2f - 1f, values[51 * 3]);
    assertEquals(all, Picture.fromModel(values, 256, 1, false));
  }

  @Test
  void javasPicturesGoThereAndBack() {
    byte[] rgb = new byte[5 * 3 * 3];
    byte[] opacities = new byte[5 * 3];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i * 37);
      opacities[i / 3] = (byte) (i * 11);
    }
    var opaque = Picture.of(5, 3, rgb);
    assertEquals(BufferedImage.TYPE_INT_RGB, opaque.toImage().getType());
    assertEquals(0xff << 24 | 37 << 8 | 74, opaque.toImage().getRGB(0, 0));
    assertEquals(opaque, Picture.of(opaque.toImage()));
    var clear = opaque.withAlpha(opacities);
    assertEquals(clear, Picture.of(clear.toImage()));
    var grey = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_BINARY);
    grey.setRGB(1, 0, 0xffffffff);
    assertEquals(grey(2, 1, 0, 255), Picture.of(grey));
  }

  @Test
  void clampsAndRoundsOrTruncates() {
    float level = 99.7f / 255 * 2 - 1;
    float[] values = {-7f, 7f, Float.NaN, level, Float.POSITIVE_INFINITY, -0.0f};
    assertArrayEquals(
        new byte[] {0, (byte) 255, 0, 100, (byte) 255, (byte) 128},
        Picture.fromModel(values, 2, 1, false).rgb());
    assertArrayEquals(
        new byte[] {0, (byte) 255, 0, 99, (byte) 255, 127},
        Picture.fromModel(values, 2, 1, true).rgb());
  }

  @Test
  void shrinksByAreas() {
    assertArrayEquals(
        new int[] {25, 65}, levels(grey(4, 2, 10, 20, 50, 60, 30, 40, 70, 80).resized(2, 1)));
    // Two thirds of a side: pixel 0 is all of the first and half of the second one.
    assertArrayEquals(new int[] {20, 50}, levels(grey(3, 1, 15, 30, 60).resized(2, 1)));
  }

  @Test
  void growsLinearlyBetweenPixelCentres() {
    assertArrayEquals(new int[] {10, 20, 40, 50}, levels(grey(2, 1, 10, 50).resized(4, 1)));
    assertArrayEquals(new int[] {7, 7, 7}, levels(grey(1, 1, 7).resized(1, 3)));
    var picture = grey(2, 1, 1, 2);
    assertEquals(picture, picture.resized(2, 1));
    assertThrows(IllegalArgumentException.class, () -> picture.resized(0, 1));
  }

  @Test
  void compositesAndCompares() {
    var inside = grey(2, 1, 100, 100);
    var outside = grey(2, 1, 0, 3);
    var mask = RegionMask.of(2, 1, new byte[] {1, 0});
    assertArrayEquals(new int[] {100, 3}, levels(inside.composite(mask, outside)));
    assertEquals(Double.POSITIVE_INFINITY, inside.psnr(inside));
    // One of two pixels differs by 10: mean square 50.
    assertEquals(10 * Math.log10(65025 / 50.0), inside.psnr(grey(2, 1, 110, 100)), 1e-12);
    assertThrows(IllegalArgumentException.class, () -> inside.psnr(grey(1, 1, 0)));
    assertThrows(IllegalArgumentException.class, () -> Picture.of(2, 2, new byte[3]));
    byte[] rgb = inside.rgb();
    Arrays.fill(rgb, (byte) 0);
    assertEquals(100, inside.level(1, 0, 2));
  }

  @Test
  void aPatchFadesInInsideItsBorder() {
    var old = grey(9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    var patch = grey(6, 1, 100, 100, 100, 100, 100, 100);
    var inside = RegionMask.of(6, 1, new byte[] {0, 1, 1, 1, 1, 1});
    assertArrayEquals(
        new int[] {0, 0, 0, 25, 50, 75, 100, 100, 0}, levels(old.with(patch, 2, 0, inside, 3)));
    assertArrayEquals(
        new int[] {0, 0, 0, 100, 100, 100, 100, 100, 0}, levels(old.with(patch, 2, 0, inside, 0)));
    assertEquals(100, old.cropped(2, 0, 6, 1).difference(patch, RegionMask.none(6, 1)));
    assertEquals(0, old.cropped(2, 0, 6, 1).difference(patch, RegionMask.all(6, 1)));
    assertThrows(IllegalArgumentException.class, () -> old.cropped(4, 0, 6, 1));
  }

  @Test
  void opacityIsLaidOnWhiteAndLiftedOff() {
    var clear = grey(4, 1, 0, 100, 200, 50).withAlpha(new byte[] {0, (byte) 128, -1, 64});
    var white = clear.onWhite();
    assertArrayEquals(new int[] {255, 177, 200, 204}, levels(white));
    var lifted = white.liftedOffWhite(clear.alpha());
    assertEquals(white, lifted.onWhite());
    assertEquals(100, lifted.level(1, 0, 0), 1);
    assertArrayEquals(clear.toModel(), white.toModel());
    assertEquals(white.resized(2, 1), clear.resized(2, 1));
    // Opaque altogether is no opacity at all.
    assertEquals(white, white.withAlpha(new byte[] {-1, -1, -1, -1}));
    assertEquals(clear.cropped(1, 0, 2, 1).alpha()[0], (byte) 128);
    assertThrows(IllegalArgumentException.class, () -> white.withAlpha(new byte[3]));
  }

  @Test
  void aPatchReplacesItsPlaceAlone() {
    byte[] rgb = new byte[5 * 4 * 3];
    new Random(1).nextBytes(rgb);
    var old = Picture.of(5, 4, rgb);
    byte[] inside = new byte[2 * 3 * 3];
    Arrays.fill(inside, (byte) 9);
    var opaque = Picture.of(2, 3, inside);
    var clear = opaque.withAlpha(new byte[] {0, 1, 2, 3, 4, 5});
    for (var patch : List.of(opaque, clear)) {
      assertEquals(old.with(patch, 3, 1, RegionMask.all(2, 3), 0), old.with(patch, 3, 1));
    }
    assertEquals(old.rgb()[3 * (5 + 2)], old.with(opaque, 3, 1).rgb()[3 * (5 + 2)]);
    assertEquals(9, old.with(opaque, 3, 1).level(3, 1, 0));
  }
}
