package org.drag4j.picture;

import java.awt.image.Raster;

/**
 * The samples of a picture of 16 bits, for what is written of it where nothing was changed.
 *
 * @param high the upper 8 bits of each
 * @param low the lower ones
 */
public record DeepSamples(Picture high, Picture low) {
  /** The samples of an image of 16 bits; grey or colours, with opacity or without. */
  static DeepSamples of(Raster raster) {
    int width = raster.getWidth();
    int height = raster.getHeight();
    int bands = raster.getNumBands();
    byte[][] parts = new byte[2][width * height * 3];
    byte[][] alphas = new byte[2][width * height];
    int[] row = new int[width * bands];
    for (int i = 0; i < width * height; i++) {
      if (i % width == 0) {
        raster.getPixels(0, i / width, width, 1, row);
      }
      int pixel = i % width * bands;
      int opacity = bands % 2 == 0 ? row[pixel + bands - 1] : 0xffff;
      for (int part = 0; part < 2; part++) {
        int shift = part == 0 ? 8 : 0;
        for (int c = 0; c < 3; c++) {
          parts[part][3 * i + c] = (byte) (row[pixel + (bands < 3 ? 0 : c)] >> shift);
        }
        alphas[part][i] = (byte) (opacity >> shift);
      }
    }
    return new DeepSamples(
        Picture.of(width, height, parts[0]).withAlpha(alphas[0]),
        Picture.of(width, height, parts[1]).withAlpha(alphas[1]));
  }

  /** A sample of 16 bits at the level that it is read as. */
  static int level(int sample) {
    return (sample * 255 + 0x7fff) / 0xffff;
  }

  /** The same of the picture turned upright. */
  DeepSamples upright(Orientation orientation) {
    return new DeepSamples(orientation.upright(high), orientation.upright(low));
  }
}
