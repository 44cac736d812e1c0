package org.drag4j.session;

import java.util.stream.IntStream;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.picture.Levels;

/**
 * Detail that an autoencoder loses, given back: where an edited picture agrees with what the
 * autoencoder makes of the original, moved as the edit moved it, what the original has more than
 * that is added, moved likewise.
 */
final class Details {
  /** Deviation of the Gaussian that the pictures are compared under, in pixels. */
  private static final double COMPARED = 1.5;

  /** Deviation of the Gaussian that the weight is smoothed by, in pixels. */
  private static final double SMOOTHED = 3;

  /** Levels of difference at which the weight is 1/e. */
  private static final double AGREEMENT = 14;

  private Details() {}

  /**
   * The edited picture with details of the original: {@code E + amount * w * D(m)}, with {@code D =
   * original - R} and {@code w = G3 * exp(-(d / 14)^2)}, {@code d} the largest of the channels of
   * {@code |G1.5 * (E - R(m))|}; {@code w} is 0 where {@code m} is undefined.
   *
   * @param edited E, at the original's size
   * @param decoded R: the original as the autoencoder gives it back
   * @param moved m, identity where it says nothing
   * @param left the pixels whose content left; where none came m is undefined
   * @param amount 0 for none to 1 for all
   * @return levels from 0 to 255
   */
  static Levels restored(
      Levels edited,
      Levels decoded,
      Levels original,
      Mapping moved,
      RegionMask left,
      double amount) {
    int w = edited.width();
    int h = edited.height();
    int[] from = IntStream.range(0, w * h).toArray();
    var inside = moved.clamped(w, h);
    int[] sources = inside.sourceCells(w, h);
    int[] targets = inside.targetCells(w, h);
    for (int i = 0; i < sources.length; i++) {
      from[targets[i]] = sources[i];
    }
    var undefined = left.without(inside.targets(w, h));
    float[] weights = weights(edited.minus(decoded.from(from)), undefined).values();
    float[] detail = original.minus(decoded).from(from).values();
    float[] levels = edited.values().clone();
    for (int i = 0; i < levels.length; i++) {
      float add = (float) amount * weights[i / edited.channels()] * detail[i];
      levels[i] = Math.clamp(levels[i] + add, 0f, 255f);
    }
    return new Levels(w, h, edited.channels(), levels);
  }

  /** One a pixel: 1 where there is no difference, to 0 where it is large or undefined. */
  private static Levels weights(Levels difference, RegionMask undefined) {
    float[] off = difference.blurred(COMPARED).values();
    int channels = difference.channels();
    var agreement = Levels.zero(difference.width(), difference.height(), 1);
    float[] values = agreement.values();
    for (int i = 0; i < values.length; i++) {
      float most = 0;
      for (int c = 0; c < channels; c++) {
        most = Math.max(most, Math.abs(off[i * channels + c]));
      }
      values[i] = (float) Math.exp(-(most / AGREEMENT) * (most / AGREEMENT));
    }
    clear(agreement, undefined);
    var weights = agreement.blurred(SMOOTHED);
    clear(weights, undefined);
    return weights;
  }

  private static void clear(Levels levels, RegionMask where) {
    for (int at = where.next(0); at >= 0; at = where.next(at + 1)) {
      levels.values()[at] = 0;
    }
  }
}
