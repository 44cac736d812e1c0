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
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** What the samples of a picture mean (ICC), and how they become sRGB. */
final class ColourProfile {
  /** Levels along each side of the cube of colours that is tried. */
  private static final int PROBES = 9;

  /** Colours that differ by no more are the same. */
  private static final int SAME = 2;

  /** What is said of a profile that cannot be used. */
  static final String BROKEN =
      "its colour profile is broken and was left out; colours count as sRGB";

  private static final int MAX_NAME = 200;
  private static final int NAME = ICC_Profile.icSigProfileDescriptionTag;

  private final ColorSpace space;

  private ColourProfile(ColorSpace space) {
    this.space = space;
  }

  /** Whether these bytes are a profile at all. */
  static boolean isWhole(byte[] icc) {
    try {
      return ICC_Profile.getInstance(icc).getNumComponents() > 0;
    } catch (IllegalArgumentException | CMMException e) {
      return false;
    }
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

  /** What was done to the colours, for people. */
  String converted() {
    return "converted to sRGB from its colour profile" + name().map(n -> " " + n).orElse("");
  }

  /** Its name, where that is plain. */
  private Optional<String> name() {
    if (!(space instanceof ICC_ColorSpace of) || of.getProfile().getData(NAME) == null) {
      return Optional.empty();
    }
    var tag = ByteBuffer.wrap(of.getProfile().getData(NAME));
    if (tag.capacity() < 28) {
      return Optional.empty();
    }
    // "desc" of version 2 begins with ASCII, "mluc" of version 4 with the place of UTF-16.
    boolean old = tag.getInt(0) == 0x64657363;
    int length = tag.getInt(old ? 8 : 20) - (old ? 1 : 0);
    int from = old ? 12 : tag.getInt(24);
    if (length <= 0 || length > MAX_NAME || from < 0 || from > tag.capacity() - length) {
      return Optional.empty();
    }
    var charset = old ? StandardCharsets.US_ASCII : StandardCharsets.UTF_16BE;
    return Optional.of(new String(tag.array(), from, length, charset))
        .filter(text -> text.chars().allMatch(c -> c >= ' ' && c < 0x7f));
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
