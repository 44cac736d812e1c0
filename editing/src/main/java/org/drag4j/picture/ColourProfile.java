package org.drag4j.picture;

import java.awt.Transparency;
import java.awt.color.CMMException;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.awt.image.ColorConvertOp;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.util.Optional;

/** What the samples of a picture mean (ICC), and how they become sRGB. */
final class ColourProfile {
  /** Levels along each side of the cube of colours that is tried. */
  private static final int PROBES = 9;

  /** Colours that differ by no more are the same. */
  private static final int SAME = 2;

  private final ColorSpace space;

  private ColourProfile(ColorSpace space) {
    this.space = space;
  }

  /** A profile for grey or RGB; nothing where it is damaged, for other samples, or is sRGB. */
  static Optional<ColourProfile> of(byte[] icc) {
    try {
      return of(new ICC_ColorSpace(ICC_Profile.getInstance(icc)));
    } catch (IllegalArgumentException | CMMException e) {
      return Optional.empty();
    }
  }

  /** The same of a colour space that a decoder gives. */
  static Optional<ColourProfile> of(ColorSpace space) {
    boolean known =
        space.getType() == ColorSpace.TYPE_RGB || space.getType() == ColorSpace.TYPE_GRAY;
    if (!known || space.isCS_sRGB()) {
      return Optional.empty();
    }
    var profile = new ColourProfile(space);
    try {
      return profile.isSrgb() ? Optional.empty() : Optional.of(profile);
    } catch (IllegalArgumentException | CMMException e) {
      return Optional.empty();
    }
  }

  /** Many pictures carry a copy of sRGB itself: their samples are better left as they are. */
  private boolean isSrgb() {
    byte[] probes = new byte[PROBES * PROBES * PROBES * 3];
    int at = 0;
    for (int i = 0; i < PROBES * PROBES * PROBES; i++) {
      boolean grey = space.getType() == ColorSpace.TYPE_GRAY;
      int[] levels = {i % PROBES, i / PROBES % PROBES, i / PROBES / PROBES};
      for (int c = 0; c < 3; c++) {
        probes[at++] = (byte) (levels[grey ? 0 : c] * 255 / (PROBES - 1));
      }
    }
    byte[] converted = converted(probes, PROBES, PROBES * PROBES);
    for (int i = 0; i < probes.length; i++) {
      if (Math.abs((probes[i] & 0xff) - (converted[i] & 0xff)) > SAME) {
        return false;
      }
    }
    return true;
  }

  /** The picture in sRGB; opacities stay. */
  Picture toSrgb(Picture picture) {
    var converted =
        Picture.of(
            picture.width(),
            picture.height(),
            converted(picture.rgb(), picture.width(), picture.height()));
    return picture.isOpaque() ? converted : converted.withAlpha(picture.alpha());
  }

  private byte[] converted(byte[] rgb, int width, int height) {
    boolean grey = space.getType() == ColorSpace.TYPE_GRAY;
    byte[] samples = grey ? new byte[width * height] : rgb;
    for (int i = 0; grey && i < samples.length; i++) {
      samples[i] = rgb[i * 3];
    }
    var to = image(ColorSpace.getInstance(ColorSpace.CS_sRGB), new byte[rgb.length], width, height);
    new ColorConvertOp(null).filter(image(space, samples, width, height), to);
    return ((DataBufferByte) to.getRaster().getDataBuffer()).getData();
  }

  private static BufferedImage image(ColorSpace space, byte[] samples, int width, int height) {
    int bands = space.getNumComponents();
    int[] offsets = new int[bands];
    for (int i = 0; i < bands; i++) {
      offsets[i] = i;
    }
    var model =
        new ComponentColorModel(
            space,
            /* hasAlpha= */ false,
            /* isAlphaPremultiplied= */ false,
            Transparency.OPAQUE,
            DataBuffer.TYPE_BYTE);
    var raster =
        Raster.createInterleavedRaster(
            new DataBufferByte(samples, samples.length),
            width,
            height,
            width * bands,
            bands,
            offsets,
            null);
    return new BufferedImage(model, raster, /* isRasterPremultiplied= */ false, null);
  }
}
