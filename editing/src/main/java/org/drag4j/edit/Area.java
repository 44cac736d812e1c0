package org.drag4j.edit;

import org.drag4j.geometry.Polygon;
import org.drag4j.geometry.Region;
import org.drag4j.geometry.RegionMask;

/** A region as a document gives it, in pixels of the original picture. */
public sealed interface Area {
  /** This region in the picture scaled by the factors. */
  Region scaled(double factorX, double factorY);

  /**
   * A closed outline.
   *
   * @param polygon its vertices; they may lie outside the picture
   */
  record Outline(Polygon polygon) implements Area {
    @Override
    public Region scaled(double factorX, double factorY) {
      return polygon.scaled(factorX, factorY);
    }
  }

  /**
   * A painted mask.
   *
   * @param png its file, relative to the document
   * @param pixels what the file holds; as large as the picture
   */
  record Painted(String png, RegionMask pixels) implements Area {
    public Painted {
      EditDocument.requireInside("png", png);
    }

    @Override
    public Region scaled(double factorX, double factorY) {
      int width = size(pixels.width(), factorX);
      int height = size(pixels.height(), factorY);
      if (width == pixels.width() && height == pixels.height()) {
        return pixels;
      }
      byte[] values = new byte[Math.multiplyExact(width, height)];
      for (int y = 0; y < height; y++) {
        int fromY = (int) ((y + 0.5) * pixels.height() / height);
        for (int x = 0; x < width; x++) {
          int fromX = (int) ((x + 0.5) * pixels.width() / width);
          values[y * width + x] = (byte) (pixels.get(fromX, fromY) ? 1 : 0);
        }
      }
      return RegionMask.of(width, height, values);
    }

    private static int size(int size, double factor) {
      return Math.clamp(Math.round(size * factor), 1, 1 << 16);
    }
  }
}
