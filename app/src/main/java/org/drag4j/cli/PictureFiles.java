package org.drag4j.cli;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadWarningListener;
import javax.imageio.stream.MemoryCacheImageInputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.drag4j.edit.Picture;
import org.drag4j.geometry.RegionMask;

/** Pictures and painted masks as files: PNG, JPEG, WebP and BMP in, PNG out. */
final class PictureFiles {
  /** Largest width and height. */
  static final int MAX_SIDE = 16_384;

  /** Most pixels. */
  static final int MAX_PIXELS = 100_000_000;

  private static final int MAX_BYTES = 256 << 20;
  private static final int SETS = 128;

  private PictureFiles() {}

  /**
   * Reads a picture. Grey, palettes and 16 bits become 8 bits of RGB as they are, whatever colour
   * profile comes with them; what is transparent is laid on white.
   *
   * @param sha256 of the file, lower case hexadecimal, where it must be that one
   * @throws PictureException where it is missing, damaged, too large or no picture
   */
  static Picture read(Path file, Optional<String> sha256) {
    byte[] bytes = bytes(file);
    if (sha256.isPresent() && !sha256.get().equals(sha256(bytes))) {
      throw new PictureException(
          file,
          "the picture of SHA-256 " + sha256.get(),
          "another one",
          "edit the picture the document was drawn for, or remove sha256");
    }
    return decode(file, bytes);
  }

  /** Reads a picture. */
  static Picture read(Path file) {
    return read(file, Optional.empty());
  }

  /**
   * Reads a painted mask: set where it is brighter than middle grey.
   *
   * @throws PictureException where it is missing, damaged, too large or no picture
   */
  static RegionMask readMask(Path file) {
    var picture = read(file);
    byte[] values = new byte[picture.width() * picture.height()];
    for (int y = 0; y < picture.height(); y++) {
      for (int x = 0; x < picture.width(); x++) {
        values[y * picture.width() + x] = (byte) (picture.level(x, y, 1) >= SETS ? 1 : 0);
      }
    }
    return RegionMask.of(picture.width(), picture.height(), values);
  }

  /**
   * Writes a PNG, complete or not at all. The same picture gives the same bytes.
   *
   * @throws IOException where it cannot be written
   */
  static void writePng(Picture picture, Path file) throws IOException {
    byte[] rgb = picture.rgb();
    var image = new BufferedImage(picture.width(), picture.height(), BufferedImage.TYPE_3BYTE_BGR);
    int[] row = new int[picture.width() * 3];
    for (int y = 0; y < picture.height(); y++) {
      for (int i = 0; i < row.length; i++) {
        row[i] = rgb[y * row.length + i] & 0xff;
      }
      image.getRaster().setPixels(0, y, picture.width(), 1, row);
    }
    AtomicFile.write(
        file,
        out -> {
          try (var stream = new MemoryCacheImageOutputStream(out)) {
            if (!ImageIO.write(image, "png", stream)) {
              throw new IOException(file + ": expected a PNG writer in this JDK, got none");
            }
          }
        });
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

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static Picture decode(Path file, byte[] bytes) {
    if (PngFile.matches(bytes)) {
      var png = PngFile.parse(file, bytes);
      requireSize(file, png.width(), png.height());
      return decode(file, png.essential(), "png");
    }
    return decode(file, bytes, format(file, bytes));
  }

  private static String format(Path file, byte[] bytes) {
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

  private static Picture decode(Path file, byte[] bytes, String format) {
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
      throw new PictureException(
          file,
          "a complete " + format.toUpperCase(Locale.ROOT) + " picture",
          "one that cannot be decoded",
          "the file is damaged, fetch it again");
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

  private static void requireSize(Path file, int width, int height) {
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
    boolean palette = image.getColorModel() instanceof IndexColorModel;
    int bands = image.getRaster().getNumBands();
    int[] row = new int[width * Math.max(bands, 4)];
    for (int y = 0; y < height; y++) {
      if (palette) {
        image.getRGB(0, y, width, 1, row, 0, width);
      } else {
        image.getRaster().getPixels(0, y, width, 1, row);
      }
      for (int x = 0; x < width; x++) {
        int at = (y * width + x) * 3;
        if (palette) {
          int argb = row[x];
          put(rgb, at, argb >> 16 & 0xff, argb >> 8 & 0xff, argb & 0xff, argb >>> 24);
        } else {
          // Samples as they are: Java's grey colour space is linear and would brighten them.
          boolean grey = bands < 3;
          int alpha = bands == 2 || bands == 4 ? level(image, row, x, bands, bands - 1) : 255;
          int red = level(image, row, x, bands, 0);
          int green = grey ? red : level(image, row, x, bands, 1);
          int blue = grey ? red : level(image, row, x, bands, 2);
          put(rgb, at, red, green, blue, alpha);
        }
      }
    }
    return Picture.of(width, height, rgb);
  }

  /** One sample, reduced or widened to 8 bits. */
  private static int level(BufferedImage image, int[] row, int x, int bands, int band) {
    int bits = image.getSampleModel().getSampleSize(band);
    int most = (1 << bits) - 1;
    return bits == 8 ? row[x * bands + band] : (row[x * bands + band] * 255 + most / 2) / most;
  }

  private static void put(byte[] rgb, int at, int red, int green, int blue, int alpha) {
    rgb[at] = onWhite(red, alpha);
    rgb[at + 1] = onWhite(green, alpha);
    rgb[at + 2] = onWhite(blue, alpha);
  }

  private static byte onWhite(int level, int alpha) {
    return (byte) ((level * alpha + 255 * (255 - alpha) + 127) / 255);
  }
}
