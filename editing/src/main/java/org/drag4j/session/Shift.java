package org.drag4j.session;

import java.util.Arrays;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.View;
import org.drag4j.method.Result;
import org.drag4j.picture.Levels;

/**
 * What a copy of whole latent cells leaves of a move, made up for in the decoded image: moved
 * content is shifted by the remainder, and what is around it ever less.
 */
final class Shift {
  /** Deviation of the Gaussian that smooths the remainders, in cells. */
  private static final double SMOOTHED = 0.5;

  /** How far from what moved nothing is shifted any more, in cells. */
  private static final double REACH = 1;

  /** A remainder is half a cell where cells are nearest; what is farther off is another content. */
  private static final float MOST = 1;

  /** Less weight than this says nothing. */
  private static final float LEAST = 1e-6f;

  private Shift() {}

  /**
   * The image with moved content where it was wanted.
   *
   * @param edited as decoded, of the size that the model sees
   * @param copied which pixels of this image should come from where, and which did
   */
  static Levels applied(Levels edited, Result.Copied copied, View view) {
    int w = edited.width();
    int h = edited.height();
    double cell = Math.max((double) w / view.columns(), (double) h / view.rows());
    var remainders = remainders(copied, w, h, (float) (MOST * cell));
    float[] values = remainders.values();
    byte[] known = new byte[w * h];
    boolean none = true;
    for (int at = 0; at < known.length; at++) {
      known[at] = (byte) values[at * 3 + 2];
      none &= values[at * 3] == 0 && values[at * 3 + 1] == 0;
    }
    if (none) {
      return edited;
    }
    int reach = (int) Math.ceil(REACH * cell);
    float[] away = RegionMask.all(w, h).without(RegionMask.of(w, h, known)).depth(reach);
    float[] smooth = remainders.blurred(SMOOTHED * cell).values();
    float[] x = new float[w * h];
    float[] y = new float[w * h];
    for (int at = 0; at < x.length; at++) {
      float share = Math.max(0, 1 - away[at] / reach) / Math.max(smooth[at * 3 + 2], LEAST);
      int row = at / w;
      x[at] = at - row * w + share * smooth[at * 3];
      y[at] = row + share * smooth[at * 3 + 1];
    }
    return edited.at(x, y);
  }

  /**
   * How far beside its place each pixel's content lies, along x and y, and whether it is known:
   * that of pixels for which both pairs are.
   */
  private static Levels remainders(Result.Copied copied, int w, int h, float most) {
    int[] wanted = sources(copied.wanted(), w, h);
    int[] done = sources(copied.done(), w, h);
    var remainders = Levels.zero(w, h, 3);
    for (int at = 0; at < w * h; at++) {
      if (wanted[at] >= 0 && done[at] >= 0) {
        int x = wanted[at] % w - done[at] % w;
        int y = wanted[at] / w - done[at] / w;
        remainders.values()[at * 3] = Math.clamp(x, -most, most);
        remainders.values()[at * 3 + 1] = Math.clamp(y, -most, most);
        remainders.values()[at * 3 + 2] = 1;
      }
    }
    return remainders;
  }

  /** Where each pixel comes from, {@code y * w + x}; -1 where no pair says so. */
  private static int[] sources(Mapping pairs, int w, int h) {
    int[] from = new int[w * h];
    Arrays.fill(from, -1);
    var inside = pairs.clamped(w, h);
    int[] sources = inside.sourceCells(w, h);
    int[] targets = inside.targetCells(w, h);
    for (int i = 0; i < sources.length; i++) {
      from[targets[i]] = sources[i];
    }
    return from;
  }
}
