package org.drag4j.geometry;

/** A part of an image: an outline, the strokes of a brush or a painted mask. */
public sealed interface Region permits Polygon, Strokes, RegionMask {
  /**
   * The pixels of this region in an image of the given size, in pixels of that image.
   *
   * @throws IllegalArgumentException if none of them lies inside, or the size is not the mask's own
   */
  RegionMask rasterise(int width, int height);

  /**
   * The latent cells of this region: rasterised at image size, then reduced to an eighth.
   *
   * @param width of the image in pixels, at least 8
   * @param height of the image in pixels, at least 8
   * @throws IllegalArgumentException if the region is outside or too small to cover any cell
   */
  default RegionMask rasteriseCells(int width, int height) {
    RegionMask cells = rasterise(width, height).toCells();
    if (cells.isEmpty()) {
      throw RegionMask.coversNoCell();
    }
    return cells;
  }
}
