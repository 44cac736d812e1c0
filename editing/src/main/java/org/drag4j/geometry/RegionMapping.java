package org.drag4j.geometry;

import java.util.List;

/** One drag of a region, as the pairs of pixels or latent cells it stands for (RegionDrag). */
public sealed interface RegionMapping
    permits RegionPairMapping, PolygonMapping, RegionPointsMapping, MoveMapping, CellsMapping {
  /**
   * The pairs of pixels, for the preview.
   *
   * @param width of the image in pixels
   * @param height of the image in pixels
   * @return pairs as released: targets inside, sources possibly outside; see {@link Mapping#within}
   * @throws IllegalArgumentException if a region is outside the image
   */
  Mapping pixels(int width, int height);

  /**
   * The pairs of latent cells, for the edit, in cells. Not the pixel pairs divided: RegionDrag maps
   * anew at an eighth of the size.
   *
   * @param width of the image in pixels
   * @param height of the image in pixels
   * @return pairs as released: targets inside, sources possibly outside; see {@link Mapping#within}
   * @throws IllegalArgumentException if a region is outside the image or covers no cell
   */
  Mapping cells(int width, int height);

  /** The pixel pairs of several drags; later ones win. */
  static Mapping pixels(List<RegionMapping> drags, int width, int height) {
    return Mapping.concat(drags.stream().map(drag -> drag.pixels(width, height)).toList());
  }

  /** The cell pairs of several drags; later ones win. */
  static Mapping cells(List<RegionMapping> drags, int width, int height) {
    return Mapping.concat(drags.stream().map(drag -> drag.cells(width, height)).toList());
  }
}
