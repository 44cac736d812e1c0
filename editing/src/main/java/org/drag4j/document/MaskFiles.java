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
   * Reads a painted mask: set where it is brighter than middle grey.
   *
   * @param warnings takes what is odd about the file, one line each
   * @throws PictureException where it is missing, damaged, too large or no picture
   */
  public static RegionMask read(Path file, Consumer<String> warnings) {
    return mask(PictureFiles.read(file, warnings));
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
        return mask(PictureFiles.decode(INLINE, png, warnings));
      } catch (IllegalArgumentException e) {
        throw new PictureException(
            INLINE, "base64", "other characters", "name a file, or encode it again");
      }
    };
  }

  /** The mask as a document can bring it along. */
  public static Area.Painted inline(Area.Painted mask) {
    var pixels = mask.pixels();
    byte[] png = PictureFiles.png(pixels);
    return new Area.Painted(Area.Painted.INLINE + Base64.getEncoder().encodeToString(png), pixels);
  }

  private static RegionMask mask(Picture picture) {
    var shown = picture.onWhite();
    byte[] values = new byte[shown.width() * shown.height()];
    for (int y = 0; y < shown.height(); y++) {
      for (int x = 0; x < shown.width(); x++) {
        values[y * shown.width() + x] = (byte) (shown.level(x, y, 1) >= SETS ? 1 : 0);
      }
    }
    return RegionMask.of(shown.width(), shown.height(), values);
  }
}
