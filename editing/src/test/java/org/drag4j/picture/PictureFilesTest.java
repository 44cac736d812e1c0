package org.drag4j.picture;

import static org.drag4j.picture.Bytes.chunk;
import static org.drag4j.picture.Bytes.inserted;
import static org.drag4j.picture.Bytes.joined;
import static org.drag4j.picture.Bytes.latin;
import static org.drag4j.picture.Bytes.segment;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.awt.image.WritableRaster;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.ImageInputStream;
import org.drag4j.cache.AtomicFile;
import org.drag4j.cache.Sha256;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureFilesTest {
  private static final int SIGNATURE = 8;

  /** 1x1, red, lossy: what the JDK cannot write. */
  private static final String WEBP =
      "UklGRjwAAABXRUJQVlA4IDAAAADQAQCdASoBAAEAAgA0JaACdLoB+AADsAD+8ut//NgVzXPv9//S4P0uD9Lg/9KQAAA=";

  /** 64x48, four frames of a disc that moves to the right, lossless. */
  private static final String FRAMES =
      "UklGRiYCAABXRUJQVlA4WAoAAAASAAAAPwAALwAAQU5JTQYAAAAAAAAAAABBTk1GegAAAAAAAAAAAD8A"
          + "AC8AAAAAAAJWUDhMYQAAAC8/wAsAD3At56PQng50/oMHrCJJdtKP+IkkrCEVGTlnMBDRfwVt2zAG0O6w"
          + "AAAAAAAAAACoiqO6PGrmo2EON6Y5vjHP+Xv3Qff7nPY87313BwAAAAAAAAAAAAAAAIDf/wYAQU5NRnQA"
          + "AAAAAAAEAAAcAAASAAAAAAAAVlA4TFwAAAAvHIAEEBcwWgLZ5Dj5L0CBQBL0QKPOf8DugFEbSY5a+1wo"
          + "i2IhxIZ0EA5CLJqXGUT030DaNhGw7ZehbO1R0vAEUrYPiCo2kB4MzwAP7OUU/nsNer/nfufD3bc/CEFO"
          + "TUZ6AAAABQAABAAAHAAAEgAAAAAAAFZQOExhAAAALxyABBAXIBBIcUzjLJBNjpP/AhQIJEEPNOr8B9w7"
          + "YNRGkqPWPhfKolgIsSEdhIMQi+ZlBhH9N5C2TQRs+2UoW3uUNDyBlO0DoooNpAfDM8ADezmF/16D3u+5"
          + "3/lw9+0PAgBBTk1GegAAAAoAAAQAABwAABIAAAAAAABWUDhMYQAAAC8cgAQQFyAWTPE4uxPIJsfJfwEK"
          + "BJKgBxp1/gPqHzBqI8lRa58LZVEshNiQDsJBiEXzMoOI/htI2yYCtv0ylK09ShqeQMr2AVHFBtKD4Rng"
          + "gb2cwn+vQe/33O98uPv2BwEA";

  private static final int HEADER = 33;

  @TempDir Path folder = Path.of("");

  private Path file = Path.of("");

  @BeforeEach
  void name() {
    file = folder.resolve("a.png");
  }

  private static Picture noise(int width, int height) {
    byte[] rgb = new byte[width * height * 3];
    new Random(1).nextBytes(rgb);
    return Picture.of(width, height, rgb);
  }

  private byte[] png(int width, int height) throws IOException {
    PictureFiles.writePng(noise(width, height), file);
    return Files.readAllBytes(file);
  }

  private String refusal(byte[] bytes) throws IOException {
    Files.write(file, bytes);
    var e = assertThrows(PictureException.class, () -> PictureFiles.read(file));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.startsWith(file + ": expected "), message);
    assertFalse(message.contains("\n"), message);
    return message.substring(file.toString().length() + 2);
  }

  private Picture written(BufferedImage image, String format) throws IOException {
    assertTrue(ImageIO.write(image, format, file.toFile()));
    return PictureFiles.read(file);
  }

  private static byte[] header(int width, int height) {
    return chunk(
        "IHDR",
        ByteBuffer.allocate(13)
            .putInt(width)
            .putInt(height)
            .put(new byte[] {8, 2, 0, 0, 0})
            .array());
  }

  @Test
  void readsWhatItWrites() throws Exception {
    byte[] bytes = png(33, 17);
    assertEquals(noise(33, 17), PictureFiles.read(file));
    assertArrayEquals(bytes, png(33, 17));
    try (var files = Files.list(folder)) {
      assertEquals(List.of(file), files.toList());
    }
  }

  @Test
  void keepsTheOlderFileWhenWritingFails() throws Exception {
    var missing = folder.resolve("none").resolve("b.png");
    assertThrows(IOException.class, () -> PictureFiles.writePng(noise(2, 2), missing));
    Files.writeString(file, "older");
    assertThrows(
        IOException.class,
        () ->
            AtomicFile.write(
                file,
                out -> {
                  out.write(1);
                  throw new IOException("disk full");
                }));
    assertEquals("older", Files.readString(file));
    try (var files = Files.list(folder)) {
      assertEquals(List.of(file), files.toList());
    }
  }

  /** Opens with one warning and the pixels of {@link #noise}, or is refused; which of them. */
  private boolean opens(byte[] bytes) throws IOException {
    Files.write(file, bytes);
    var warnings = new ArrayList<String>();
    try {
      assertEquals(noise(9, 5), PictureFiles.read(file, warnings::add));
      assertEquals(1, warnings.size());
      return true;
    } catch (PictureException e) {
      refusal(bytes);
      return false;
    }
  }

  @Test
  void noticesEveryCut() throws Exception {
    byte[] bytes = png(9, 5);
    int behindPixels = bytes.length - 12;
    for (int length = 0; length < bytes.length; length++) {
      boolean opened = opens(Arrays.copyOf(bytes, length));
      // In between are the checksums of all pixels.
      if (length >= behindPixels || length < behindPixels - 12) {
        assertEquals(length >= behindPixels, opened, "at " + length);
      }
    }
    assertEquals(
        "expected 150 bytes of IDAT at byte 33, got 100 to the end of the file; the PNG is damaged,"
            + " fetch it again",
        refusal(Arrays.copyOf(bytes, 33 + 8 + 100)).replaceFirst("\\d+ bytes", "150 bytes"));
  }

  @Test
  void noticesEveryChangedByte() throws Exception {
    byte[] bytes = png(9, 5);
    for (int i = 0; i < bytes.length; i++) {
      byte[] damaged = bytes.clone();
      damaged[i] ^= 0x10;
      boolean opened = opens(damaged);
      // Behind the pixels stands nothing but the end; and a length of data may be too large.
      if (i < SIGNATURE + 25 || i >= SIGNATURE + 29) {
        assertEquals(i >= bytes.length - 12, opened, "at " + i);
      }
    }
    byte[] damaged = bytes.clone();
    damaged[SIGNATURE + 8 + 13] ^= 1;
    assertEquals(
        "expected the checksum of IHDR at byte 8, got another one; the PNG is damaged, fetch it"
            + " again",
        refusal(damaged));
  }

  @Test
  void boundsTheSizeBeforeDecoding() throws Exception {
    byte[] signature = Arrays.copyOf(png(1, 1), SIGNATURE);
    byte[] data = chunk("IDAT", new byte[2]);
    byte[] end = chunk("IEND", new byte[0]);
    String expected = "expected 1 to 16384 pixels a side and at most 100 million in all, got ";
    assertEquals(
        expected + "0x5; use another size", refusal(joined(signature, header(0, 5), data, end)));
    assertEquals(
        expected + "100000x100000; use another size",
        refusal(joined(signature, header(100_000, 100_000), data, end)));
    assertEquals(
        expected + "16384x16384; use another size",
        refusal(joined(signature, header(16_384, 16_384), data, end)));
    assertEquals(
        expected + "4294967295x1; use another size",
        refusal(joined(signature, header(-1, 1), data, end)));
    // A right header, but too little data behind it.
    assertTrue(
        refusal(joined(signature, header(4, 4), data, end)).startsWith("expected a complete PNG"));
    assertTrue(
        refusal(joined(signature, header(4, 4), end)).startsWith("expected IDAT before IEND"));
    assertTrue(
        refusal(joined(signature, data, end)).startsWith("expected IHDR as the first chunk"));
  }

  @Test
  void refusesOtherFiles() throws Exception {
    assertEquals(
        "expected a PNG, JPEG, WebP or BMP picture, got a file of another kind, whatever its name;"
            + " convert it",
        refusal("just text".getBytes(StandardCharsets.UTF_8)));
    assertTrue(refusal(new byte[0]).contains("got an empty file"));
    Files.delete(file);
    var missing = assertThrows(PictureException.class, () -> PictureFiles.read(file));
    assertTrue(String.valueOf(missing.getMessage()).contains("got no such file"));
    var directory = assertThrows(PictureException.class, () -> PictureFiles.read(folder));
    assertTrue(String.valueOf(directory.getMessage()).contains("got a folder"));
  }

  @Test
  void noticesCutPicturesOfOtherFormats() throws Exception {
    var image = new BufferedImage(64, 64, BufferedImage.TYPE_3BYTE_BGR);
    new Random(2)
        .ints(64 * 64, 0, 1 << 24)
        .forEach(
            new java.util.function.IntConsumer() {
              private int at;

              @Override
              public void accept(int rgb) {
                image.setRGB(at % 64, at++ / 64, rgb);
              }
            });
    for (var format : List.of("jpeg", "bmp")) {
      assertEquals(64, written(image, format).width());
      byte[] whole = Files.readAllBytes(file);
      for (int part : new int[] {30, 300, whole.length / 2, whole.length - 60}) {
        assertTrue(refusal(Arrays.copyOf(whole, part)).startsWith("expected a complete "), format);
      }
    }
  }

  /** The bytes of {@link #WEBP}. */
  static byte[] webp() {
    return Base64.getDecoder().decode(WEBP);
  }

  /**
   * The means of red, green and blue in each fifth of the rows of tall.webp, 48x1056 and lossy, as
   * libwebp 1.6 decodes it: errors of a decoder that predicts blocks from others add up downwards.
   */
  private static final double[][] TALL = {
    {126.092, 123.955, 95.108},
    {125.949, 135.670, 157.090},
    {126.043, 120.178, 96.624},
    {126.507, 129.151, 151.806},
    {127.491, 132.676, 106.806}
  };

  @Test
  void lossyWebpKeepsItsColoursToTheBottom() throws Exception {
    byte[] bytes;
    try (var in = Objects.requireNonNull(getClass().getResourceAsStream("tall.webp"))) {
      bytes = in.readAllBytes();
    }
    var picture = PictureFiles.decode("tall.webp", bytes, warning -> fail(warning));
    assertEquals(1056, picture.height());
    for (int part = 0; part < 5; part++) {
      int from = part * 1056 / 5;
      int to = (part + 1) * 1056 / 5;
      for (int c = 0; c < 3; c++) {
        double sum = 0;
        for (int i = from * 48; i < to * 48; i++) {
          sum += picture.level(i % 48, i / 48, c);
        }
        assertEquals(TALL[part][c], sum / ((to - from) * 48), 0.5, "channel " + c + ", " + part);
      }
    }
  }

  @Test
  void readsWebp() throws Exception {
    byte[] bytes = webp();
    Files.write(file, bytes);
    var picture = PictureFiles.read(file);
    assertEquals(1, picture.width());
    assertTrue(picture.level(0, 0, 0) > 240 && picture.level(0, 0, 1) < 16);
    assertTrue(refusal(Arrays.copyOf(bytes, 40)).startsWith("expected a complete WEBP"));
  }

  @Test
  void animationsGiveOneFrame() throws Exception {
    var warnings = new ArrayList<String>();
    var first = PictureFiles.decode("a", Base64.getDecoder().decode(FRAMES), warnings::add);
    assertEquals(List.of("a: an animation of 4 frames; the first one was taken"), warnings);
    assertEquals(64, first.width());
    // The disc is at its leftmost place, and red.
    assertArrayEquals(
        new int[] {220, 40, 20, 40},
        new int[] {
          first.level(5, 17, 0),
          first.level(5, 17, 1),
          first.level(5, 17, 2),
          first.level(40, 17, 0)
        });
    warnings.clear();
    byte[] control = ByteBuffer.allocate(8).putInt(7).array();
    byte[] png = png(3, 2);
    assertEquals(
        noise(3, 2),
        PictureFiles.decode("b", inserted(png, HEADER, chunk("acTL", control)), warnings::add));
    assertEquals(List.of("b: an animation of 7 frames; its still picture was taken"), warnings);
  }

  @Test
  void filesOfOtherKindsAreCalledByTheirNames() throws Exception {
    var kinds =
        Map.of(
            "GIF89a", "a GIF picture",
            "II*\0\b\0\0\0", "a TIFF picture or a camera's raw file",
            "\0\0\0\u0018ftypheic\0\0\0\0mif1heic", "a HEIC picture",
            "\0\0\0\u001cftypmif1\0\0\0\0mif1avifmiaf", "an AVIF picture",
            "\0\0\0\u0018ftypisom\0\0\2\0isommp42", "a video",
            "\0\0\0\fJXL \r\n\u0087\n", "a JPEG XL picture",
            "\u00ff\n\u00fa\u001f", "a JPEG XL picture",
            "P6\n8 8\n255\n", "a PNM picture",
            "<?xml version='1.0'?><svg xmlns", "an SVG drawing");
    for (var kind : kinds.entrySet()) {
      assertEquals(
          "expected a PNG, JPEG, WebP or BMP picture, got "
              + kind.getValue()
              + ", which is not supported; save or export it as PNG or JPEG",
          refusal(latin(kind.getKey())));
    }
    assertTrue(
        refusal(latin("\n<!DOCTYPE html>\n")).endsWith("a web page; download the picture itself"));
    assertTrue(
        refusal(latin("version https://git-lfs.github.com/")).endsWith("; run git lfs pull"));
    // A JPEG of a kind that decoders do not know is not damaged.
    byte[] arithmetic = segment(0xc9, new byte[] {8, 0, 8, 0, 8, 1, 1, 0x11, 0});
    assertEquals(
        "expected a JPEG of a usual kind, got one with arithmetic coding, which is not supported;"
            + " save or export it as PNG",
        refusal(joined(latin("\u00ff\u00d8"), arithmetic)));
  }

  /** A decoder of BMP that fails in one way. */
  private static final class Failing extends ImageReaderSpi {
    private final IOException failure;

    Failing(IOException failure) {
      this.failure = failure;
      names = new String[] {"bmp"};
      inputTypes = new Class<?>[] {ImageInputStream.class};
    }

    @Override
    public boolean canDecodeInput(Object source) {
      return true;
    }

    @Override
    public String getDescription(Locale locale) {
      return "fails";
    }

    @Override
    public ImageReader createReaderInstance(Object extension) throws IOException {
      // All that is asked of it before it fails is to take its input.
      var reader = ImageIO.getImageReadersByFormatName("png").next();
      return new ImageReader(this) {
        @Override
        public int getWidth(int index) throws IOException {
          throw failure;
        }

        @Override
        public int getHeight(int index) throws IOException {
          return reader.getHeight(index);
        }

        @Override
        public int getNumImages(boolean search) throws IOException {
          return reader.getNumImages(search);
        }

        @Override
        public Iterator<ImageTypeSpecifier> getImageTypes(int index) throws IOException {
          return reader.getImageTypes(index);
        }

        @Override
        public IIOMetadata getStreamMetadata() throws IOException {
          return reader.getStreamMetadata();
        }

        @Override
        public IIOMetadata getImageMetadata(int index) throws IOException {
          return reader.getImageMetadata(index);
        }

        @Override
        public BufferedImage read(int index, ImageReadParam param) throws IOException {
          return reader.read(index, param);
        }
      };
    }
  }

  private static void decodedBy(IOException failure) {
    var registry = IIORegistry.getDefaultInstance();
    var failing = new Failing(failure);
    registry.registerServiceProvider(failing);
    try {
      for (var all = registry.getServiceProviders(ImageReaderSpi.class, false); all.hasNext(); ) {
        var other = all.next();
        if (Arrays.asList(other.getFormatNames()).contains("bmp") && !other.equals(failing)) {
          registry.setOrdering(ImageReaderSpi.class, failing, other);
        }
      }
      var _ = PictureFiles.decode("f", latin("BM"), warning -> fail(warning));
    } finally {
      registry.deregisterServiceProvider(failing);
    }
  }

  @Test
  void lackOfMemoryIsNoDamage() {
    IOException[] failures = {
      new IIOException("Error reading", new IOException("No memory left for cache!")),
      new IIOException("Unable to allocate destination image, out of memory"),
      new IIOException("Error reading", new OutOfMemoryError("Java heap space"))
    };
    for (var failure : failures) {
      assertThrows(OutOfMemoryError.class, () -> decodedBy(failure));
    }
    var damage = new IIOException("Invalid BMP", new EOFException());
    assertThrows(PictureException.class, () -> decodedBy(damage));
  }

  @Test
  void takesSamplesAsTheyAre() throws Exception {
    var grey = new BufferedImage(256, 1, BufferedImage.TYPE_BYTE_GRAY);
    var deep = new BufferedImage(256, 1, BufferedImage.TYPE_USHORT_GRAY);
    byte[] ramp = new byte[256];
    for (int i = 0; i < 256; i++) {
      grey.getRaster().setSample(i, 0, 0, i);
      deep.getRaster().setSample(i, 0, 0, i * 257);
      ramp[i] = (byte) (255 - i);
    }
    var palette =
        new BufferedImage(
            256,
            1,
            BufferedImage.TYPE_BYTE_INDEXED,
            new IndexColorModel(8, 256, ramp, ramp, new byte[256]));
    WritableRaster indices = palette.getRaster();
    for (int i = 0; i < 256; i++) {
      indices.setSample(i, 0, 0, i);
    }
    var greyRead = written(grey, "png");
    var deepRead = written(deep, "png");
    var paletteRead = written(palette, "png");
    for (int i = 0; i < 256; i++) {
      for (int c = 0; c < 3; c++) {
        assertEquals(i, greyRead.level(i, 0, c));
        assertEquals(i, deepRead.level(i, 0, c));
        assertEquals(c == 2 ? 0 : 255 - i, paletteRead.level(i, 0, c));
      }
    }
  }

  @Test
  void keepsTransparency() throws Exception {
    var image = new BufferedImage(3, 1, BufferedImage.TYPE_4BYTE_ABGR);
    image.setRGB(0, 0, 0x00ff0000);
    image.setRGB(1, 0, 0x80ff0000);
    image.setRGB(2, 0, 0xffff0000);
    var picture = written(image, "png");
    assertArrayEquals(new byte[] {0, (byte) 128, (byte) 255}, picture.alpha());
    assertArrayEquals(new byte[] {-1, 0, 0, -1, 0, 0, -1, 0, 0}, picture.rgb());
    var white = picture.onWhite();
    assertArrayEquals(
        new int[] {255, 127, 0},
        new int[] {white.level(0, 0, 1), white.level(1, 0, 1), white.level(2, 0, 1)});
    assertEquals(255, white.level(1, 0, 0));
    PictureFiles.writePng(picture, file);
    assertEquals(picture, PictureFiles.read(file));
  }

  @Test
  void checksTheHash() throws Exception {
    byte[] bytes = png(4, 4);
    String hash = Sha256.hex(bytes);
    assertEquals(
        new PictureFiles.Loaded(noise(4, 4), PictureMetadata.NONE, hash),
        PictureFiles.load(file, Optional.of(hash), _ -> {}));
    assertEquals(hash, PictureFiles.sha256(file));
    var e =
        assertThrows(
            PictureException.class,
            () -> PictureFiles.load(file, Optional.of("0".repeat(64)), _ -> {}));
    assertTrue(String.valueOf(e.getMessage()).contains("got another one"));
  }
}
