package org.drag4j.picture;

/**
 * How samples stand for light where a PNG says it by a number alone (gAMA): sample = light ^
 * exponent.
 */
record Gamma(double exponent) {
  /** What sRGB amounts to, about. */
  private static final double USUAL = 1 / 2.2;

  /** Exponents that differ by less, relatively, mean the same: as libpng has it. */
  private static final double SAME = 0.05;

  /** Whether it means what everybody assumes anyway. */
  boolean isUsual() {
    return exponent <= 0 || Math.abs(exponent / USUAL - 1) < SAME;
  }

  /** For every sample from 0 to {@code most} the level of sRGB, 0 to 255. */
  byte[] levels(int most) {
    byte[] levels = new byte[most + 1];
    for (int i = 0; i <= most; i++) {
      double light = Math.pow((double) i / most, 1 / exponent);
      double sample = light <= 0.0031308 ? 12.92 * light : 1.055 * Math.pow(light, 1 / 2.4) - 0.055;
      levels[i] = (byte) Math.round(255 * sample);
    }
    return levels;
  }

  /** The picture in sRGB; opacities stay. */
  Picture toSrgb(Picture picture) {
    byte[] levels = levels(255);
    byte[] rgb = picture.rgb();
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = levels[rgb[i] & 0xff];
    }
    var converted = Picture.of(picture.width(), picture.height(), rgb);
    return picture.isOpaque() ? converted : converted.withAlpha(picture.alpha());
  }
}
