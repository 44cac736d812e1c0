package org.drag4j.session;

import java.util.SplittableRandom;
import org.drag4j.picture.Picture;
import org.drag4j.schedule.LatentGrid;

/**
 * Colours of latent cells without the decoder: the affine map from a cell's channels to its mean
 * colour that suits a picture and its latent best, in the least squares. So it needs no constants
 * of any model.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record LatentColours(LatentGrid grid, double[][] map) {
  private static final int CHANNELS = 3;

  /** Keeps the solution small where few cells, or cells of one colour, leave it open. */
  private static final double RIDGE = 1e-4;

  /**
   * Fits the map.
   *
   * @param latent of {@code picture}, {@code [H, W, C]}
   */
  static LatentColours fit(float[] latent, LatentGrid grid, Picture picture) {
    var cells = picture.resized(grid.width(), grid.height());
    int n = grid.channels() + 1;
    var system = new double[n][n + CHANNELS];
    var x = new double[n];
    for (int cell = 0; cell < grid.cells(); cell++) {
      for (int i = 0; i < n; i++) {
        x[i] = feature(latent, grid, cell, i);
      }
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          system[i][j] += x[i] * x[j];
        }
        for (int c = 0; c < CHANNELS; c++) {
          system[i][n + c] += x[i] * cells.level(cell % grid.width(), cell / grid.width(), c);
        }
      }
    }
    for (int i = 0; i < n; i++) {
      system[i][i] += RIDGE * grid.cells();
    }
    solve(system);
    return new LatentColours(grid, system);
  }

  private static double feature(float[] latent, LatentGrid grid, int cell, int i) {
    return i < grid.channels() ? latent[cell * grid.channels() + i] : 1;
  }

  /** Gauss and Jordan; the matrix is positive definite, so no row need be exchanged. */
  private static void solve(double[][] rows) {
    int n = rows.length;
    for (int i = 0; i < n; i++) {
      double pivot = rows[i][i];
      for (int k = 0; k < rows[i].length; k++) {
        rows[i][k] /= pivot;
      }
      for (int j = 0; j < n; j++) {
        double factor = rows[j][i];
        if (j != i) {
          for (int k = 0; k < rows[j].length; k++) {
            rows[j][k] -= factor * rows[i][k];
          }
        }
      }
    }
  }

  /** A pixel for each cell. */
  Picture picture(float[] latent) {
    int n = grid.channels() + 1;
    var rgb = new byte[grid.cells() * CHANNELS];
    for (int at = 0; at < rgb.length; at++) {
      double level = 0.5;
      for (int i = 0; i < n; i++) {
        level += feature(latent, grid, at / CHANNELS, i) * map[i][n + at % CHANNELS];
      }
      rgb[at] = (byte) (int) Math.clamp(level, 0, 255);
    }
    return Picture.of(grid.width(), grid.height(), rgb);
  }

  /**
   * Patches of many colours, as large as four cells each, for an encoder to tell its colours by.
   */
  static Picture chart(int cells, int factor) {
    int side = cells * factor;
    var rgb = new byte[side * side * CHANNELS];
    for (int at = 0; at < rgb.length; at++) {
      int patch = at / CHANNELS / side / (2 * factor) * 64 + at / CHANNELS % side / (2 * factor);
      rgb[at] = (byte) new SplittableRandom(patch * 3L + at % CHANNELS).nextInt();
    }
    return Picture.of(side, side, rgb);
  }
}
