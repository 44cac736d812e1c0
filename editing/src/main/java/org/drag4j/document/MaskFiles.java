package org.drag4j.document;

import java.nio.file.Path;
import java.util.Base64;
import java.util.function.Consumer;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.RegionMask;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureException;
import org.drag4j.picture.PictureFiles;

/** Painted masks as picture files, and as a document brings them along. */
public final class MaskFiles {
  private static final int SETS = 128;
  private static final String INLINE = "inline mask";

  private MaskFiles() {}

  /**
   * Reads a painted mask: set where it is brighter than middle grey, and not where it is
   * transparent. One whose visible pixels are all of one colour, and not equally opaque, is set
   * where it is more opaque than not.
   *
   * @param warnings takes what is odd about the file, one line each
   * @throws PictureException where it is missing, damaged, too large, no picture, or sets nothing
   */
  public static RegionMask read(Path file, Consumer<String> warnings) {
    return mask(file, PictureFiles.read(file, warnings));
  }

  /**
   * The painted masks a document in this folder names, or brings along.
   *
   * @param warnings takes what is odd about them, one line each, whenever they are read
   * @return throws as {@link #read} does
   */
  public static MaskSource in(Path folder, Consumer<String> warnings) {
    return name -> {
      if (!name.startsWith(Area.Painted.INLINE)) {
        return read(folder.resolve(name), warnings);
      }
      try {
        byte[] png = Base64.getDecoder().decode(name.substring(Area.Painted.INLINE.length()));
        return mask(INLINE, PictureFiles.decode(INLINE, png, warnings));
      } catch (IllegalArgumentException e) {
        throw new PictureException(
            INLINE, "base64", "other characters", "name a file, or encode it again");
      }
    };
  }

  /** The mask as a document can bring it along. */
  public static Area.Painted inline(Area.Painted mask) {
    return inline(mask.pixels());
  }

  /** A mask as a document can bring it along. */
  public static Area.Painted inline(RegionMask pixels) {
    byte[] png = PictureFiles.png(pixels);
    return new Area.Painted(Area.Painted.INLINE + Base64.getEncoder().encodeToString(png), pixels);
  }

  private static RegionMask mask(Object origin, Picture picture) {
    byte[] rgb = picture.rgb();
    byte[] alpha = picture.alpha();
    boolean layer = isLayer(rgb, alpha);
    byte[] values = new byte[alpha.length];
    int brightest = 0;
    for (int i = 0; i < alpha.length; i++) {
      int opacity = alpha[i] & 0xff;
      int value = layer ? opacity : (brightness(rgb, i) * opacity + 127) / 255;
      brightest = Math.max(brightest, value);
      values[i] = (byte) (value >= SETS ? 1 : 0);
    }
    if (brightest < SETS) {
      throw new PictureException(
          origin,
          "a mask that is bright, " + SETS + " to 255, where it is set",
          "an empty one: its brightest value is " + brightest,
          brightest == 1 ? "multiply its values by 255" : "paint white what it selects");
    }
    return RegionMask.of(picture.width(), picture.height(), values);
  }

  /** Luma of ITU-R BT.601, which picture libraries convert to grey by; a grey level is its own. */
  private static int brightness(byte[] rgb, int pixel) {
    return (299 * (rgb[3 * pixel] & 0xff)
            + 587 * (rgb[3 * pixel + 1] & 0xff)
            + 114 * (rgb[3 * pixel + 2] & 0xff)
            + 500)
        / 1000;
  }

  /** Whether the pixels differ in nothing but how opaque they are. */
  private static boolean isLayer(byte[] rgb, byte[] alpha) {
    int most = 0;
    boolean varies = false;
    for (int i = 0; i < alpha.length; i++) {
      varies |= alpha[i] != alpha[0];
      most = (alpha[i] & 0xff) > (alpha[most] & 0xff) ? i : most;
    }
    for (int i = 0; varies && i < rgb.length; i++) {
      // The less opaque a pixel is, the less exactly programs keep its colour.
      int off = Math.abs((rgb[i] & 0xff) - (rgb[3 * most + i % 3] & 0xff));
      varies = off * (alpha[i / 3] & 0xff) <= 2 * 255;
    }
    return varies;
  }
}
