package org.drag4j.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.SplittableRandom;
import org.drag4j.picture.Picture;
import org.drag4j.schedule.LatentGrid;
import org.junit.jupiter.api.Test;

class LatentColoursTest {
  private static final LatentGrid GRID = new LatentGrid(5, 6, 4);

  /** Cells of random channels, coloured by a map that is known. */
  private static Picture coloured(float[] latent) {
    byte[] rgb = new byte[GRID.cells() * 3];
    for (int at = 0; at < rgb.length; at++) {
      int cell = at / 3 * 4;
      rgb[at] =
          (byte) Math.round(120 + 20 * latent[cell + at % 3] - 9 * latent[cell + 3] + 3 * (at % 3));
    }
    return Picture.of(GRID.width(), GRID.height(), rgb);
  }

  private static float[] latent(long seed) {
    var random = new SplittableRandom(seed);
    float[] latent = new float[GRID.size()];
    for (int i = 0; i < latent.length; i++) {
      latent[i] = (float) random.nextGaussian();
    }
    return latent;
  }

  @Test
  void anAffineMapIsFoundAgain() {
    var one = latent(1);
    var colours = LatentColours.fit(one, GRID, coloured(one));
    for (long seed = 1; seed < 5; seed++) {
      var other = latent(seed);
      var expected = coloured(other);
      var got = colours.picture(other);
      for (int i = 0; i < GRID.cells() * 3; i++) {
        int x = i / 3 % GRID.width();
        int y = i / 3 / GRID.width();
        assertEquals(expected.level(x, y, i % 3), got.level(x, y, i % 3), 2);
      }
    }
  }

  @Test
  void onePlainColourIsEnoughToGoOn() {
    byte[] rgb = new byte[GRID.cells() * 3];
    Arrays.fill(rgb, (byte) 77);
    var colours = LatentColours.fit(new float[GRID.size()], GRID, Picture.of(6, 5, rgb));
    assertEquals(77, colours.picture(new float[GRID.size()]).level(3, 3, 1), 1);
    float[] far = new float[GRID.size()];
    Arrays.fill(far, Float.NaN);
    assertEquals(0, colours.picture(far).level(3, 3, 1));
  }

  @Test
  void theChartHasManyColours() {
    var chart = LatentColours.chart(16, 8);
    assertEquals(128, chart.width());
    var seen = new HashSet<Integer>();
    for (int i = 0; i < 64; i++) {
      int x = i % 8 * 16;
      int y = i / 8 * 16;
      seen.add(chart.level(x, y, 0) << 16 | chart.level(x, y, 1) << 8 | chart.level(x, y, 2));
      assertEquals(chart.level(x, y, 0), chart.level(x + 15, y + 15, 0));
    }
    assertTrue(seen.size() > 60, seen::toString);
  }
}
