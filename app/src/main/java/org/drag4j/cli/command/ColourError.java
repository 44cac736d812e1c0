package org.drag4j.cli.command;

import java.util.HashMap;
import java.util.Map;
import org.drag4j.geometry.Mapping;
import org.drag4j.picture.Picture;

/**
 * How far the target region of an edit is from the handle's pixels, moved by the mapping: the mean
 * absolute difference of all levels, 0 to 255.
 *
 * @param edited of the edited picture
 * @param unedited of the original, where nothing has moved
 */
record ColourError(double edited, double unedited) {
  /**
   * Compares pictures of one size.
   *
   * @param pixels where each moved pixel comes from; a later pair wins
   */
  static ColourError of(Picture original, Picture edited, Mapping pixels) {
    Map<Integer, Integer> sources = new HashMap<>();
    int[] from = pixels.sourceCells(original.width(), original.height());
    int[] to = pixels.targetCells(original.width(), original.height());
    for (int i = 0; i < from.length; i++) {
      sources.put(to[i], from[i]);
    }
    return new ColourError(mean(original, edited, sources), mean(original, original, sources));
  }

  private static double mean(Picture original, Picture other, Map<Integer, Integer> sources) {
    long sum = 0;
    for (var pair : sources.entrySet()) {
      for (int c = 0; c < 3; c++) {
        sum += Math.abs(level(original, pair.getValue(), c) - level(other, pair.getKey(), c));
      }
    }
    return (double) sum / (3L * sources.size());
  }

  private static int level(Picture picture, int pixel, int channel) {
    return picture.level(pixel % picture.width(), pixel / picture.width(), channel);
  }
}
