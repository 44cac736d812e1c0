package org.drag4j.picture;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.zip.DataFormatException;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadWarningListener;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.drag4j.cache.AtomicFile;
import org.drag4j.cache.Sha256;

/** Pictures as files: PNG, JPEG, WebP and BMP in, PNG with texts out. */
public final class PictureFiles {
  /** Largest width and height. */
  public static final int MAX_SIDE = 16_384;

  /** Most pixels. */
  public static final int MAX_PIXELS = 100_000_000;

  private static final int MAX_BYTES = 256 << 20;

  private PictureFiles() {}

  /**
   * A picture, and what else its file says.
   *
   * @param texts that a PNG carries, by keyword; none in other files
   * @param sha256 of the file, lower case hexadecimal
   */
  public record Loaded(Picture picture, Map<String, String> texts, String sha256) {
    /** Copies the texts. */
    public Loaded {
      texts = Collections.unmodifiableMap(new LinkedHashMap<>(texts));
    }
  }

  /**
   * Reads a picture, its texts and its hash; what becomes of the picture is said at {@link #read}.
   *
   * @param sha256 of the file, lower case hexadecimal, where it must be that one
   * @throws PictureException where it is missing, damaged, too large or no picture
   */
  public static Loaded load(Path file, Optional<String> sha256) {
    byte[] bytes = bytes(file);
    String hash = Sha256.hex(bytes);
    if (sha256.isPresent() && !sha256.get().equals(hash)) {
      throw new PictureException(
          file,
          "the picture of SHA-256 " + sha256.get(),
          "another one",
          "edit the picture the document was drawn for, or remove sha256");
    }
    if (PngFile.matches(bytes)) {
      var png = PngFile.parse(file, bytes);
      return new Loaded(decode(file, png), png.texts(), hash);
    }
    return new Loaded(decodeOther(file, bytes), Map.of(), hash);
  }

  /**
   * Reads a picture and turns it upright, as its Exif data say. Grey, palettes and 16 bits become 8
   * bits of RGB; colours are converted to sRGB where a profile says that they are something else.
   *
   * @throws PictureException where it is missing, damaged, too large or no picture
   */
  public static Picture read(Path file) {
    return decode(file, bytes(file));
  }

  /**
   * The texts a PNG carries, by keyword; none in other files. Pixels are not decoded.
   *
   * @throws PictureException where it is missing, damaged or too large
   */
  public static Map<String, String> texts(Path file) {
    byte[] bytes = bytes(file);
    return PngFile.matches(bytes) ? PngFile.parse(file, bytes).texts() : Map.of();
  }

  /** Whether a file is a PNG, by its first bytes; false where there is none. */
  public static boolean isPng(Path file) {
    try (var in = Files.newInputStream(file)) {
      return PngFile.matches(in.readNBytes(8));
    } catch (IOException e) {
      return false;
    }
  }

  /** Writes a PNG without texts. */
  public static void writePng(Picture picture, Path file) throws IOException {
    writePng(picture, file, Map.of());
  }

  /**
   * Writes a PNG, complete or not at all. The same picture and texts give the same bytes.
   *
   * @param texts by keyword
   * @throws IOException where it cannot be written
   */
  public static void writePng(Picture picture, Path file, Map<String, String> texts)
      throws IOException {
    byte[] png = png(picture, texts);
    AtomicFile.write(file, stream -> stream.write(png));
  }

  /** The bytes of a PNG with these texts, by keyword. */
  public static byte[] png(Picture picture, Map<String, String> texts) {
    return PngFile.withTexts(PngPixels.write(picture), texts);
  }

  /** A mask as the bytes of a PNG: white where it is set, else black. */
  public static byte[] png(PixelMask mask) {
    return PngPixels.write(mask);
  }

  /**
   * SHA-256 of a file, lower case hexadecimal.
   *
   * @throws PictureException where it is missing or too large
   */
  public static String sha256(Path file) {
    return Sha256.hex(bytes(file));
  }

  private static byte[] bytes(Path file) {
    String expected = "a picture";
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new PictureException(file, expected, "a folder or device", "check the path");
    }
    byte[] bytes;
    try (var in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    } catch (NoSuchFileException e) {
      throw new PictureException(file, expected, "no such file", "check the path");
    } catch (IOException e) {
      throw new PictureException(
          file, expected, "a file that cannot be read", "check its permissions");
    }
    if (bytes.length > MAX_BYTES) {
      throw new PictureException(
          file, "at most " + MAX_BYTES + " bytes", "more", "use a smaller picture");
    }
    return bytes;
  }

  /**
   * The picture in a file's bytes, as {@link #read} gives it.
   *
   * @param origin as error messages name it
   * @throws PictureException where they are damaged, too many or no picture
   */
  public static Picture decode(Object origin, byte[] bytes) {
    return PngFile.matches(bytes)
        ? decode(origin, PngFile.parse(origin, bytes))
        : decodeOther(origin, bytes);
  }

  private static Picture decode(Object file, PngFile png) {
    requireSize(file, png.width(), png.height());
    var stored = pixels(file, png.essential());
    var coloured =
        png.profile().flatMap(ColourProfile::of).map(p -> p.toSrgb(stored)).orElse(stored);
    return png.exif().map(Orientation::ofTiff).orElse(Orientation.UPRIGHT).upright(coloured);
  }

  private static Picture decodeOther(Object file, byte[] bytes) {
    String format = format(file, bytes);
    var orientation =
        switch (format) {
          case "jpeg" -> Orientation.ofJpeg(bytes);
          case "webp" -> Orientation.ofWebp(bytes);
          default -> Orientation.UPRIGHT;
        };
    return orientation.upright(decode(file, bytes, format));
  }

  private static Picture pixels(Object file, byte[] png) {
    try {
      return PngPixels.read(png).orElseGet(() -> decode(file, png, "png"));
    } catch (DataFormatException e) {
      throw damaged(file, "png");
    }
  }

  private static PictureException damaged(Object file, String format) {
    return new PictureException(
        file,
        "a complete " + format.toUpperCase(Locale.ROOT) + " picture",
        "one that cannot be decoded",
        "the file is damaged, fetch it again");
  }

  private static String format(Object file, byte[] bytes) {
    String start = new String(bytes, 0, Math.min(bytes.length, 12), StandardCharsets.ISO_8859_1);
    if (start.startsWith("\u00ff\u00d8\u00ff")) {
      return "jpeg";
    }
    if (start.startsWith("RIFF") && start.endsWith("WEBP")) {
      return "webp";
    }
    if (start.startsWith("BM")) {
      return "bmp";
    }
    throw new PictureException(
        file,
        "a PNG, JPEG, WebP or BMP picture",
        bytes.length == 0 ? "an empty file" : "a file of another kind, whatever its name",
        "convert it");
  }

  private static Picture decode(Object file, byte[] bytes, String format) {
    var readers = ImageIO.getImageReadersByFormatName(format);
    if (!readers.hasNext()) {
      throw new PictureException(
          file,
          "a reader for " + format.toUpperCase(Locale.ROOT),
          "none on the class path",
          "convert the picture to PNG");
    }
    var reader = readers.next();
    try (var in = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
      reader.setInput(in, true, true);
      var warnings = new Warnings();
      reader.addIIOReadWarningListener(warnings);
      int width = reader.getWidth(0);
      int height = reader.getHeight(0);
      requireSize(file, width, height);
      var image = reader.read(0);
      if (warnings.damage || image.getWidth() != width || image.getHeight() != height) {
        throw new IIOException("the data ends early");
      }
      return picture(image);
    } catch (PictureException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      // Decoders fail on hostile data with any unchecked exception.
      throw damaged(file, format);
    } finally {
      reader.dispose();
    }
  }

  /** Decoders fill up what is missing and only warn. */
  private static final class Warnings implements IIOReadWarningListener {
    private boolean damage;

    @Override
    public void warningOccurred(ImageReader source, String warning) {
      String text = warning.toLowerCase(Locale.ROOT);
      damage |=
          text.contains("end of")
              || text.contains("premature")
              || text.contains("truncated")
              || text.contains("corrupt");
    }
  }

  private static void requireSize(Object file, int width, int height) {
    if (width < 1
        || height < 1
        || width > MAX_SIDE
        || height > MAX_SIDE
        || (long) width * height > MAX_PIXELS) {
      throw new PictureException(
          file,
          "1 to "
              + MAX_SIDE
              + " pixels a side and at most "
              + MAX_PIXELS / 1_000_000
              + " million in all",
          Integer.toUnsignedString(width) + "x" + Integer.toUnsignedString(height),
          "use another size");
    }
  }

  private static Picture picture(BufferedImage image) {
    int width = image.getWidth();
    int height = image.getHeight();
    byte[] rgb = new byte[width * height * 3];
    byte[] opacities = new byte[width * height];
    boolean palette = image.getColorModel() instanceof IndexColorModel;
    int bands = image.getRaster().getNumBands();
    // Samples as they are: Java's grey colour space is linear and would brighten them.
    boolean grey = bands < 3;
    boolean transparent = bands == 2 || bands == 4;
    int[] row = new int[width * Math.max(bands, 4)];
    for (int y = 0; y < height; y++) {
      if (palette) {
        image.getRGB(0, y, width, 1, row, 0, width);
      } else {
        image.getRaster().getPixels(0, y, width, 1, row);
      }
      for (int x = 0; x < width; x++) {
        int at = y * width + x;
        for (int c = 0; c < 3; c++) {
          rgb[at * 3 + c] =
              (byte) (palette ? row[x] >> (16 - 8 * c) : level(image, row, x, bands, grey ? 0 : c));
        }
        opacities[at] =
            (byte)
                (palette
                    ? row[x] >>> 24
                    : transparent ? level(image, row, x, bands, bands - 1) : 255);
      }
    }
    var picture = Picture.of(width, height, rgb).withAlpha(opacities);
    return grey || palette
        ? picture
        : ColourProfile.of(image.getColorModel().getColorSpace())
            .map(profile -> profile.toSrgb(picture))
            .orElse(picture);
  }

  /** One sample, reduced or widened to 8 bits. */
  private static int level(BufferedImage image, int[] row, int x, int bands, int band) {
    int bits = image.getSampleModel().getSampleSize(band);
    int most = (1 << bits) - 1;
    return bits == 8 ? row[x * bands + band] : (row[x * bands + band] * 255 + most / 2) / most;
  }
}
