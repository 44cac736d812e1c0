package org.drag4j.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.Task;
import org.drag4j.picture.Picture;

/** Measures how far beside its place moved content lies in an edited picture. */
final class Misplaced {
  /** How far is looked, in pixels as the model sees them. */
  private static final int REACH = 8;

  /** Pixels that are looked at. */
  private static final int SAMPLES = 4096;

  /** A distance in pixels of the picture that is told. */
  private static final double TOLD = 2;

  /** Another place must be this much likelier, for what looks alike everywhere lies nowhere. */
  private static final double LIKELIER = 0.6;

  /** Mean difference, in levels, below which content is where it should be. */
  private static final double ALIKE = 8;

  private Misplaced() {}

  /**
   * A line for each drag whose content lies more than two pixels beside its target.
   *
   * @param change what may change; a drag most of whose target stays as it is is not looked at
   * @param original the frame's window before the edit
   * @param edited the same after it
   */
  static List<String> warnings(Task task, RegionMask change, Picture original, Picture edited) {
    var warnings = new ArrayList<String>();
    double step = Math.max(1, task.frame().reduction());
    for (var drag : task.parts()) {
      var all = drag.pixels();
      var open = all.onto(change);
      if (2 * open.size() < all.size()) {
        continue;
      }
      offset(open, original, edited, step)
          .ifPresent(off ->
              warnings.add(
                  drag.name()
                      + ": what it moves lies about "
                      + said(off)
                      + " its target; method.variant=cp-then-encode places it by pixels"));
    }
    return warnings;
  }

  private static String said(int[] off) {
    var parts = new ArrayList<String>();
    if (off[0] != 0) {
      parts.add(Math.abs(off[0]) + (off[0] < 0 ? " pixels left of" : " pixels right of"));
    }
    if (off[1] != 0) {
      parts.add(Math.abs(off[1]) + (off[1] < 0 ? " pixels above" : " pixels below"));
    }
    return String.join(" and ", parts);
  }

  /** Where content lies beside its place, along x and y; empty where it is near or unclear. */
  private static Optional<int[]> offset(
      Mapping pairs, Picture original, Picture edited, double step) {
    double there = difference(pairs, original, edited, 0, 0);
    double least = there * LIKELIER;
    Optional<int[]> found = Optional.empty();
    for (int y = -REACH; y <= REACH && there > ALIKE; y++) {
      for (int x = -REACH; x <= REACH; x++) {
        int dx = (int) Math.round(x * step);
        int dy = (int) Math.round(y * step);
        double difference = difference(pairs, original, edited, dx, dy);
        if (difference < least) {
          least = difference;
          found = Optional.of(new int[] {dx, dy});
        }
      }
    }
    // At the rim of what was looked at it would go on.
    double rim = Math.floor(REACH * step);
    return found.filter(off ->
        Math.hypot(off[0], off[1]) > TOLD && Math.max(Math.abs(off[0]), Math.abs(off[1])) < rim);
  }

  /** Mean difference in levels of sources from what lies beside their targets. */
  private static double difference(
      Mapping pairs, Picture original, Picture edited, int dx, int dy) {
    long sum = 0;
    long count = 0;
    int stride = Math.max(1, pairs.size() / SAMPLES);
    for (int i = 0; i < pairs.size(); i += stride) {
      int x = pairs.targetX(i) + dx;
      int y = pairs.targetY(i) + dy;
      if (x >= 0 && y >= 0 && x < edited.width() && y < edited.height()) {
        for (int c = 0; c < 3; c++) {
          int level = original.level(pairs.sourceX(i), pairs.sourceY(i), c);
          sum += Math.abs(level - edited.level(x, y, c));
          count++;
        }
      }
    }
    // What leaves the picture is no place to be found at.
    return 2 * count < 3L * (pairs.size() / stride) ? Double.MAX_VALUE : (double) sum / count;
  }
}
