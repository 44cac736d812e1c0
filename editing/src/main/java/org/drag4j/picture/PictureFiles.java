package org.drag4j.picture;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
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
  private static final int MAX_CAUSES = 8;

  /** Bytes that tell a file's kind. */
  private static final int MAX_START = 12;

  /** Where a BMP says how many pixels there are to a metre. */
  private static final int BMP_DENSITY = 38;

  private PictureFiles() {}

  /**
   * A picture, and what else its file says.
   *
   * @param sha256 of the file, lower case hexadecimal
   */
  public record Loaded(Picture picture, PictureMetadata metadata, String sha256) {}

  /** A picture, and what else its bytes say. */
  private record Decoded(Picture picture, PictureMetadata metadata) {}

  /**
   * Reads a picture, what its file carries, and its hash; what becomes of the picture is said at
   * {@link #read(Path, Consumer)}.
   *
   * @param sha256 of the file, lower case hexadecimal, where it must be that one
   * @param warnings takes what is odd about the file, one line
   * @throws PictureException where it is missing, damaged, too large or no picture
   */
  public static Loaded load(Path file, Optional<String> sha256, Consumer<String> warnings) {
    byte[] bytes = bytes(file);
    String hash = Sha256.hex(bytes);
    if (sha256.isPresent() && !sha256.get().equals(hash)) {
      throw new PictureException(
          file,
          "the picture of SHA-256 " + sha256.get(),
          "another one",
          "name the picture that the document was drawn for, or another one, with -i");
    }
    var decoded = decoded(file, bytes, warnings);
    return new Loaded(decoded.picture(), decoded.metadata(), hash);
  }

  /**
   * Reads a picture and turns it upright, as its Exif data say. Grey, palettes and 16 bits become 8
   * bits of RGB; colours are converted to sRGB where a profile, or the gamma of a PNG, says that
   * they are something else.
   *
   * @throws PictureException where it is missing, damaged, too large or no picture
   */
  public static Picture read(Path file) {
    return read(file, _ -> {});
  }

  /**
   * The same with somebody who hears what is odd about the file.
   *
   * @param warnings takes one line
   */
  public static Picture read(Path file, Consumer<String> warnings) {
    return decode(file, bytes(file), warnings);
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

  /**
   * What a PNG holds beside its pixels.
   *
   * @param texts by keyword
   * @param pixels as {@link #pixels} digests them
   */
  public record Stored(Map<String, String> texts, String pixels) {}

  /**
   * Texts of a PNG, and a digest of its pixels, which are not decoded.
   *
   * @throws PictureException where it is missing, damaged, too large or no PNG
   */
  public static Stored stored(Path file) {
    var png = PngFile.parse(file, bytes(file));
    return new Stored(png.texts(), Sha256.hex(png.essential()));
  }

  /** A digest of all that decides about a PNG's pixels; its texts do not. */
  public static String pixels(byte[] png) {
    return Sha256.hex(PngFile.parse("", png).essential());
  }

  /** Whether a file is a PNG, by its first bytes; false where there is none. */
  public static boolean isPng(Path file) {
    try (var in = Files.newInputStream(file)) {
      return PngFile.matches(in.readNBytes(8));
    } catch (IOException e) {
      return false;
    }
  }

  /** Whether a file begins as one of the pictures does that can be read. */
  public static boolean isPicture(Path file) {
    if (!Files.isRegularFile(file)) {
      return false;
    }
    try (var in = Files.newInputStream(file)) {
      return FileKind.of(in.readNBytes(MAX_START)) != FileKind.OTHER;
    } catch (IOException e) {
      return false;
    }
  }

  /** Writes a PNG without texts. */
  public static void writePng(Picture picture, Path file) throws IOException {
    writePng(picture, file, PictureMetadata.NONE);
  }

  /**
   * Writes a PNG, complete or not at all. The same picture and texts give the same bytes.
   *
   * @param texts by keyword
   * @throws IOException where it cannot be written
   */
  public static void writePng(Picture picture, Path file, Map<String, String> texts)
      throws IOException {
    writePng(picture, file, PictureMetadata.of(texts));
  }

  /** Writes a PNG with what another file carried, complete or not at all. */
  public static void writePng(Picture picture, Path file, PictureMetadata metadata)
      throws IOException {
    byte[] png = png(picture, metadata);
    AtomicFile.write(file, stream -> stream.write(png));
  }

  /** The bytes of a PNG with these data. */
  public static byte[] png(Picture picture, PictureMetadata metadata) {
    return PngFile.with(written(picture, metadata), metadata);
  }

  /**
   * The bytes of a PNG with these data, and with texts about its pixels.
   *
   * @param about gives texts by keyword for a digest of the pixels, as {@link #pixels} gives it
   */
  public static byte[] png(
      Picture picture, PictureMetadata metadata, Function<String, Map<String, String>> about) {
    byte[] png = written(picture, metadata);
    return PngFile.with(png, metadata.with(about.apply(pixels(png))));
  }

  private static byte[] written(Picture picture, PictureMetadata metadata) {
    return metadata
        .samples()
        .filter(deep -> deep.high().width() == picture.width())
        .filter(deep -> deep.high().height() == picture.height())
        .map(deep -> PngPixels.write(picture, deep))
        .orElseGet(() -> PngPixels.write(picture));
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
   * The picture in a file's bytes, as {@link #read(Path, Consumer)} gives it.
   *
   * @param origin as error messages name it
   * @param warnings takes what is odd about them, one line
   * @throws PictureException where they are damaged, too many or no picture
   */
  public static Picture decode(Object origin, byte[] bytes, Consumer<String> warnings) {
    return decoded(origin, bytes, warnings).picture();
  }

  private static Decoded decoded(Object origin, byte[] bytes, Consumer<String> warnings) {
    var notes = new LinkedHashSet<String>();
    var decoded =
        switch (FileKind.of(bytes)) {
          case PNG -> png(origin, bytes, notes);
          case JPEG -> jpeg(origin, bytes, notes);
          case WEBP -> webp(origin, bytes, notes);
          case BMP -> bmp(origin, bytes);
          case OTHER -> throw FileKind.refusal(origin, bytes);
        };
    if (!notes.isEmpty()) {
      warnings.accept(origin + ": " + String.join("; ", notes));
    }
    return decoded;
  }

  private static Decoded png(Object origin, byte[] bytes, Collection<String> notes) {
    var png = PngFile.parse(origin, bytes);
    requireSize(origin, png.width(), png.height());
    byte[] essential = png.essential();
    if (png.cut().isPresent() && !PngPixels.isComplete(essential)) {
      throw png.cut().get();
    }
    notes.addAll(png.notes());
    if (png.cut().isPresent()) {
      notes.add("the end of the file is missing or damaged; all pixels are there");
    }
    var converted = new ArrayList<String>();
    png.gamma().ifPresent(_ -> converted.add("converted to sRGB from its gamma (gAMA)"));
    var stored = pixels(origin, essential, png.gamma());
    var coloured = coloured(stored.picture(), png.profile(), converted);
    boolean same = converted.isEmpty();
    if (png.depth() > 8 && !same) {
      converted.add(PictureMetadata.REDUCED);
    }
    var said =
        new PictureMetadata(
            png.texts(),
            png.exif(),
            png.density(),
            same ? png.colours() : Optional.of(ColourTag.SRGB),
            stored.samples().filter(_ -> same),
            converted,
            png.unkept());
    return upright(coloured, said);
  }

  private static Decoded jpeg(Object origin, byte[] bytes, Collection<String> notes) {
    var jpeg = JpegFile.parse(bytes);
    jpeg.unsupported()
        .ifPresent(kind -> {
          throw new PictureException(
              origin,
              "a JPEG of a usual kind",
              kind + ", which is not supported",
              "save or export it as PNG");
        });
    notes.addAll(jpeg.notes());
    var warnings = new Warnings(jpeg.ended());
    var raw = decode(origin, jpeg.essential(), "jpeg", Optional.empty(), warnings);
    if (!jpeg.ended() && !jpeg.scansComplete()) {
      throw damaged(origin, "JPEG");
    }
    notes.addAll(warnings.notes);
    if (!jpeg.ended()) {
      notes.add("the end of the file is missing; all pixels are there");
    }
    // Decoders give the profile of coloured pictures alone.
    var converted = new ArrayList<>(raw.converted());
    if (raw.samples().isPresent()) {
      converted.add(PictureMetadata.REDUCED);
    }
    var picture = jpeg.grey() ? coloured(raw.picture(), jpeg.profile(), converted) : raw.picture();
    var said =
        new PictureMetadata(
            Map.of(),
            jpeg.exif(),
            jpeg.density(),
            jpeg.profile().map(_ -> ColourTag.SRGB),
            Optional.empty(),
            converted,
            jpeg.unkept());
    return upright(picture, said);
  }

  private static Decoded webp(Object origin, byte[] bytes, Collection<String> notes) {
    var webp = WebpFile.parse(origin, bytes);
    notes.addAll(webp.notes());
    var warnings = new Warnings(true);
    var raw = decode(origin, webp.essential(), "webp", Optional.empty(), warnings);
    notes.addAll(warnings.notes);
    var said =
        new PictureMetadata(
            Map.of(),
            webp.exif(),
            webp.exif().flatMap(Exif::density),
            webp.profile().map(_ -> ColourTag.SRGB),
            Optional.empty(),
            raw.converted(),
            webp.unkept());
    return upright(raw.picture(), said);
  }

  private static Decoded bmp(Object origin, byte[] bytes) {
    var raw = decode(origin, bytes, "bmp", Optional.empty(), new Warnings(true));
    var density = Optional.<Density>empty();
    if (bytes.length >= BMP_DENSITY + 8) {
      var in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      density =
          Optional.of(new Density(in.getInt(BMP_DENSITY), in.getInt(BMP_DENSITY + 4), true))
              .filter(Density::isKnown);
    }
    return upright(raw.picture(), PictureMetadata.NONE.with(density));
  }

  private static Decoded upright(Picture stored, PictureMetadata said) {
    var orientation = said.exif().map(Exif::orientation).orElse(Orientation.UPRIGHT);
    var picture = orientation.upright(stored);
    return new Decoded(picture, said.upright(orientation, picture.width(), picture.height()));
  }

  /** The picture in sRGB, where its profile says that it is something else. */
  private static Picture coloured(Picture stored, Optional<byte[]> icc, List<String> converted) {
    var profile = icc.flatMap(ColourProfile::of);
    profile.ifPresent(p -> converted.add(p.converted()));
    return profile.map(p -> p.toSrgb(stored)).orElse(stored);
  }

  private static Raw pixels(Object file, byte[] png, Optional<Gamma> gamma) {
    try {
      var plain = PngPixels.read(png);
      return plain.isPresent()
          ? new Raw(
              gamma.map(g -> g.toSrgb(plain.get())).orElse(plain.get()),
              List.of(),
              Optional.empty())
          : decode(file, png, "png", gamma, new Warnings(true));
    } catch (DataFormatException e) {
      throw damaged(file, "PNG");
    }
  }

  static PictureException damaged(Object file, String format) {
    return new PictureException(
        file,
        "a complete " + format + " picture",
        "one that cannot be decoded",
        "the file is damaged, fetch it again");
  }

  /** Pixels as they are stored, what they were converted from, and reduced from. */
  private record Raw(Picture picture, List<String> converted, Optional<DeepSamples> samples) {}

  private static Raw decode(
      Object file, byte[] bytes, String format, Optional<Gamma> gamma, Warnings warnings) {
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
      reader.addIIOReadWarningListener(warnings);
      int width = reader.getWidth(0);
      int height = reader.getHeight(0);
      requireSize(file, width, height);
      var image = reader.read(0);
      if (warnings.damage || image.getWidth() != width || image.getHeight() != height) {
        throw new IIOException("the data ends early");
      }
      return picture(image, gamma);
    } catch (PictureException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      requireMemory(e);
      // Decoders fail on hostile data with any unchecked exception.
      throw damaged(file, format.toUpperCase(Locale.ROOT));
    } finally {
      reader.dispose();
    }
  }

  /** Some decoders wrap what the machine says, or say it in their own words. */
  private static void requireMemory(Throwable failure) {
    Throwable cause = failure;
    for (int depth = 0; cause != null && depth < MAX_CAUSES; depth++) {
      String text = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
      if (cause instanceof OutOfMemoryError error) {
        throw error;
      }
      if (text.contains("memory")) {
        throw new OutOfMemoryError(text);
      }
      cause = cause.getCause();
    }
  }

  /** Decoders fill up what is missing and only warn, and of one thing alone. */
  private static final class Warnings implements IIOReadWarningListener {
    private final boolean ended;
    private final List<String> notes = new ArrayList<>();
    private boolean damage;

    /** For a file that has its end, or not: then any warning may stand for missing pixels. */
    Warnings(boolean ended) {
      this.ended = ended;
    }

    @Override
    public void warningOccurred(ImageReader source, String warning) {
      String text = warning.toLowerCase(Locale.ROOT);
      if (text.contains("colors may look incorrect")) {
        notes.add("CMYK without a colour profile; its colours are approximate");
      } else if (text.contains("profile is incompatible") || text.contains("non-rgb icc profile")) {
        notes.add(
            "its colour profile is for other colours and was left out; colours count as sRGB");
      } else if (text.contains("extraneous bytes before marker 0xd9")) {
        // Too many data at the end cannot be too few.
        notes.add("bytes before its end that are no part of the picture were skipped");
      } else {
        damage |=
            !ended
                || text.contains("end of")
                || text.contains("premature")
                || text.contains("truncated")
                || text.contains("corrupt");
      }
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

  private static Raw picture(BufferedImage image, Optional<Gamma> gamma) {
    int width = image.getWidth();
    int height = image.getHeight();
    byte[] rgb = new byte[width * height * 3];
    byte[] opacities = new byte[width * height];
    boolean palette = image.getColorModel() instanceof IndexColorModel;
    int bands = image.getRaster().getNumBands();
    // Samples as they are: Java's grey colour space is linear and would brighten them.
    boolean grey = bands < 3;
    boolean transparent = bands == 2 || bands == 4;
    int bits = palette ? 8 : image.getSampleModel().getSampleSize(0);
    byte[] levels = gamma.map(g -> g.levels((1 << bits) - 1)).orElse(new byte[0]);
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
          int band = grey ? 0 : c;
          if (gamma.isPresent()) {
            int sample = palette ? row[x] >> (16 - 8 * c) & 0xff : row[x * bands + band];
            rgb[at * 3 + c] = levels[sample];
          } else {
            rgb[at * 3 + c] =
                (byte) (palette ? row[x] >> (16 - 8 * c) : level(image, row, x, bands, band));
          }
        }
        opacities[at] =
            (byte)
                (palette
                    ? row[x] >>> 24
                    : transparent ? level(image, row, x, bands, bands - 1) : 255);
      }
    }
    var picture = Picture.of(width, height, rgb).withAlpha(opacities);
    var profile =
        grey || palette
            ? Optional.<ColourProfile>empty()
            : ColourProfile.of(image.getColorModel().getColorSpace());
    return new Raw(
        profile.map(p -> p.toSrgb(picture)).orElse(picture),
        profile.map(ColourProfile::converted).stream().toList(),
        bits == 16 ? Optional.of(DeepSamples.of(image.getRaster())) : Optional.empty());
  }

  /** One sample, reduced or widened to 8 bits. */
  private static int level(BufferedImage image, int[] row, int x, int bands, int band) {
    int bits = image.getSampleModel().getSampleSize(band);
    int most = (1 << bits) - 1;
    return bits == 8 ? row[x * bands + band] : (row[x * bands + band] * 255 + most / 2) / most;
  }
}
