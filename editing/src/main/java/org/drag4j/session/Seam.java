package org.drag4j.session;

import org.drag4j.geometry.RegionMask;
import org.drag4j.picture.Levels;

/**
 * Colours of an edited picture matched to the original along the border of what may change: the
 * difference just outside it is continued inwards, ever less.
 */
final class Seam {
  /** How far outside the border the pictures are compared, in pixels as the model sees them. */
  private static final double RING = 4;

  /** Deviation of the Gaussian that continues the difference, in pixels as the model sees them. */
  private static final double CONTINUED = 8;

  /** How far inside the border nothing is left of it, in pixels as the model sees them. */
  private static final double REACH = 24;

  /** A larger difference, in levels, is another content and not another colour. */
  private static final float MOST = 24;

  private Seam() {}

  /**
   * The edited picture with colours that meet the original's.
   *
   * @param edited at the original's size
   * @param change what may change
   * @param seenWidth width of the image that the model sees; likewise {@code seenHeight}
   */
  static Levels matched(
      Levels edited, Levels original, RegionMask change, int seenWidth, int seenHeight) {
    int w = edited.width();
    int h = edited.height();
    double reduction = Math.max(1, Math.max((double) w / seenWidth, (double) h / seenHeight));
    var ring = change.grown((int) Math.round(RING * reduction)).without(change);
    if (ring.isEmpty()) {
      return edited;
    }
    float[] differences = continued(edited, original, ring, seenWidth, seenHeight);
    int reach = (int) Math.round(REACH * reduction);
    float[] depth = change.depth(reach);
    float[] levels = edited.values().clone();
    for (int at = change.next(0); at >= 0; at = change.next(at + 1)) {
      float weight = differences[at * 4 + 3];
      float share = 1 - depth[at] / reach;
      for (int c = 0; c < 3 && weight > 1e-6f; c++) {
        float difference = Math.clamp(differences[at * 4 + c] / weight, -MOST, MOST);
        levels[at * 3 + c] = Math.clamp(levels[at * 3 + c] + share * difference, 0f, 255f);
      }
    }
    return new Levels(w, h, edited.channels(), levels);
  }

  /** Red, green, blue of the difference times a weight, and the weight. */
  private static float[] continued(
      Levels edited, Levels original, RegionMask ring, int seenWidth, int seenHeight) {
    var differences = Levels.zero(edited.width(), edited.height(), 4);
    for (int at = ring.next(0); at >= 0; at = ring.next(at + 1)) {
      for (int c = 0; c < 3; c++) {
        differences.values()[at * 4 + c] =
            Math.clamp(original.values()[at * 3 + c] - edited.values()[at * 3 + c], -MOST, MOST);
      }
      differences.values()[at * 4 + 3] = 1;
    }
    return differences
        .resized(seenWidth, seenHeight)
        .blurred(CONTINUED)
        .resized(edited.width(), edited.height())
        .values();
  }
}
