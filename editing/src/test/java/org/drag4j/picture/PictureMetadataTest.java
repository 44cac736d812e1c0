package org.drag4j.picture;

import static org.drag4j.picture.Bytes.chunk;
import static org.drag4j.picture.Bytes.deflated;
import static org.drag4j.picture.Bytes.inserted;
import static org.drag4j.picture.Bytes.joined;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What files say beside their pixels: orientation, colour profile, texts. */
class PictureMetadataTest {
  /** Behind signature and IHDR. */
  private static final int HEADER = 33;

  @TempDir Path folder = Path.of("");

  private Path file = Path.of("");

  @BeforeEach
  void name() {
    file = folder.resolve("a.png");
  }

  private static byte[] tiff(int orientation, ByteOrder order) {
    var out = ByteBuffer.allocate(26).order(order);
    out.put((order == ByteOrder.BIG_ENDIAN ? "MM" : "II").getBytes(StandardCharsets.ISO_8859_1));
    out.putShort((short) 42).putInt(8).putShort((short) 1);
    out.putShort((short) 0x0112).putShort((short) 3).putInt(1).putShort((short) orientation);
    return out.array();
  }

  /** Two rows of three pixels, red 10 to 60. */
  private static Picture six() {
    byte[] rgb = new byte[18];
    for (int i = 0; i < 6; i++) {
      rgb[3 * i] = (byte) (10 * (i + 1));
    }
    return Picture.of(3, 2, rgb);
  }

  private static String reds(Picture picture) {
    var text = new StringBuilder();
    for (int y = 0; y < picture.height(); y++) {
      for (int x = 0; x < picture.width(); x++) {
        text.append(picture.level(x, y, 0) / 10);
      }
      text.append(y + 1 < picture.height() ? "/" : "");
    }
    return text.toString();
  }

  @ParameterizedTest
  @CsvSource({
    "1, 123/456",
    "2, 321/654",
    "3, 654/321",
    "4, 456/123",
    "5, 14/25/36",
    "6, 41/52/63",
    "7, 63/52/41",
    "8, 36/25/14",
    "9, 123/456"
  })
  void picturesAreTurnedUpright(int orientation, String expected) throws IOException {
    PictureFiles.writePng(six(), file);
    byte[] png = Files.readAllBytes(file);
    for (var order : new ByteOrder[] {ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN}) {
      Files.write(file, inserted(png, HEADER, chunk("eXIf", tiff(orientation, order))));
      assertEquals(expected, reds(PictureFiles.read(file)));
    }
    byte[] alpha = {0, 1, 2, 3, 4, 5};
    var turned = new Orientation(orientation).upright(six().withAlpha(alpha));
    for (int i = 0; i < 6; i++) {
      assertEquals(
          turned.level(i % turned.width(), i / turned.width(), 0), 10 * (turned.alpha()[i] + 1));
    }
  }

  @Test
  void orientationOfAJpegIsFound() throws IOException {
    var image = new BufferedImage(32, 16, BufferedImage.TYPE_3BYTE_BGR);
    for (int i = 0; i < 32 * 16; i++) {
      image.setRGB(i % 32, i / 32, i % 32 < 16 ? 0xff0000 : 0x0000ff);
    }
    assertTrue(ImageIO.write(image, "jpeg", file.toFile()));
    byte[] jpeg = Files.readAllBytes(file);
    byte[] exif =
        joined("Exif\0\0".getBytes(StandardCharsets.ISO_8859_1), tiff(6, ByteOrder.LITTLE_ENDIAN));
    byte[] segment =
        ByteBuffer.allocate(4 + exif.length)
            .putShort((short) 0xffe1)
            .putShort((short) (exif.length + 2))
            .put(exif)
            .array();
    Files.write(file, inserted(jpeg, 2, segment));
    var upright = PictureFiles.read(file);
    assertEquals(16, upright.width());
    assertEquals(32, upright.height());
    // Turned to the right, what was left is on top.
    assertTrue(upright.level(8, 4, 0) > 200 && upright.level(8, 28, 2) > 200);
    // Whatever the data are, reading them ends.
    for (int i = 0; i < exif.length; i++) {
      byte[] damaged = exif.clone();
      damaged[i] = (byte) 0xff;
      assertUseful(damaged);
      assertUseful(Arrays.copyOf(exif, i));
    }
    byte[] webp =
        joined(
            "RIFFxxxxWEBPVP8 ".getBytes(StandardCharsets.ISO_8859_1),
            new byte[] {1, 0, 0, 0, 9, 0},
            "EXIF".getBytes(StandardCharsets.ISO_8859_1),
            new byte[] {26, 0, 0, 0},
            tiff(8, ByteOrder.BIG_ENDIAN));
    webp[4] = (byte) (webp.length - 8);
    Arrays.fill(webp, 5, 8, (byte) 0);
    assertEquals(
        Optional.of(8), WebpFile.parse(file, webp).exif().map(e -> e.orientation().number()));
    var cut = WebpFile.parse(file, Arrays.copyOf(webp, webp.length - 1));
    assertEquals(Optional.empty(), cut.exif());
    assertEquals(List.of("the end of the file is missing; all pixels are there"), cut.notes());
  }

  private static void assertUseful(byte[] data) {
    var exif = Exif.of(data);
    assertTrue(exif.isEmpty() || exif.get().orientation().number() >= 1);
    exif.ifPresent(e -> assertEquals(1, e.upright(3, 2).orientation().number()));
  }

  @Test
  void coloursBecomeSrgb() throws IOException {
    byte[] rgb = new byte[256 * 3];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i / 3);
    }
    var ramp = Picture.of(256, 1, rgb);
    PictureFiles.writePng(ramp, file);
    byte[] png = Files.readAllBytes(file);
    byte[] linear = ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();
    byte[] name = {'x', 0, 0};
    byte[] chunk = chunk("iCCP", joined(name, deflated(linear)));
    Files.write(file, inserted(png, HEADER, chunk));
    var converted = PictureFiles.read(file);
    assertEquals(0, converted.level(0, 0, 0));
    assertEquals(255, converted.level(255, 0, 0));
    // 1.055 * (128 / 255) ^ (1 / 2.4) - 0.055
    assertEquals(188, converted.level(128, 0, 1), 1);
    // sRGB itself changes nothing, and neither does what is no profile.
    byte[] srgb = ICC_Profile.getInstance(ColorSpace.CS_sRGB).getData();
    for (byte[] profile : new byte[][] {deflated(srgb), deflated(new byte[500]), {1, 2, 3}}) {
      Files.write(file, inserted(png, HEADER, chunk("iCCP", joined(name, profile))));
      assertEquals(ramp, PictureFiles.read(file));
    }
    // A grey picture with a profile of its own.
    var grey = new BufferedImage(256, 1, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < 256; i++) {
      grey.getRaster().setSample(i, 0, 0, i);
    }
    assertTrue(ImageIO.write(grey, "png", file.toFile()));
    byte[] linearGrey = ICC_Profile.getInstance(ColorSpace.CS_GRAY).getData();
    Files.write(
        file,
        inserted(
            Files.readAllBytes(file), HEADER, chunk("iCCP", joined(name, deflated(linearGrey)))));
    assertEquals(188, PictureFiles.read(file).level(128, 0, 1), 2);
  }

  @Test
  void gammaCountsWhereNothingBetterIsSaid() throws IOException {
    byte[] rgb = new byte[256 * 3];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i / 3);
    }
    var ramp = Picture.of(256, 1, rgb);
    byte[] png = PictureFiles.png(ramp, PictureMetadata.NONE);
    byte[] linear = gamma(100_000);
    var converted = decoded(inserted(png, HEADER, linear));
    assertEquals(0, converted.level(0, 0, 0));
    assertEquals(188, converted.level(128, 0, 1));
    assertEquals(255, converted.level(255, 0, 2));
    // A Macintosh of old: 1.055 * (128 / 255) ^ (1.8 / 2.4) - 0.055
    assertEquals(146, decoded(inserted(png, HEADER, gamma(55_556))).level(128, 0, 0));
    byte[] srgb = chunk("sRGB", new byte[1]);
    byte[] code = chunk("cICP", new byte[] {1, 13, 0, 1});
    byte[] profile =
        chunk(
            "iCCP",
            joined(
                new byte[] {'x', 0, 0},
                deflated(ICC_Profile.getInstance(ColorSpace.CS_sRGB).getData())));
    for (byte[] chunks :
        new byte[][] {
          gamma(45_455),
          gamma(0),
          joined(linear, srgb),
          joined(code, linear),
          joined(profile, linear)
        }) {
      assertEquals(ramp, decoded(inserted(png, HEADER, chunks)));
    }
    // 16 bits are converted before they are reduced; greys and palettes likewise.
    var deep = new BufferedImage(2, 1, BufferedImage.TYPE_USHORT_GRAY);
    deep.getRaster().setSample(0, 0, 0, 200);
    deep.getRaster().setSample(1, 0, 0, 65_535);
    var dark = decoded(inserted(encoded(deep), HEADER, linear));
    // 12.92 * 200 / 65535 of 255
    assertEquals(10, dark.level(0, 0, 0));
    assertEquals(255, dark.level(1, 0, 0));
    var palette =
        new BufferedImage(
            1,
            1,
            BufferedImage.TYPE_BYTE_INDEXED,
            new IndexColorModel(8, 1, new byte[] {-128}, new byte[] {0}, new byte[] {-1}));
    var coloured = decoded(inserted(encoded(palette), HEADER, linear));
    assertArrayEquals(new byte[] {(byte) 188, 0, -1}, coloured.rgb());
  }

  private static byte[] gamma(int value) {
    return chunk("gAMA", ByteBuffer.allocate(4).putInt(value).array());
  }

  private static Picture decoded(byte[] file) {
    return PictureFiles.decode("f", file, warning -> {});
  }

  private static byte[] encoded(BufferedImage image) throws IOException {
    var out = new ByteArrayOutputStream();
    assertTrue(ImageIO.write(image, "png", out));
    return out.toByteArray();
  }

  /** A directory of tags in a TIFF structure that grows at its end. */
  private static byte[] entry(int tag, int type, int count, int value) {
    return ByteBuffer.allocate(12)
        .putShort((short) tag)
        .putShort((short) type)
        .putInt(count)
        .putInt(value)
        .array();
  }

  /** Camera, author, orientation 6, sizes, density, and a small picture of 4 bytes at the end. */
  private static byte[] camera() {
    byte[] main =
        joined(
            new byte[] {0, 7},
            entry(0x010f, 2, 4, 0x41424300),
            entry(0x0112, 3, 1, 6 << 16),
            entry(0x011a, 5, 1, 98),
            entry(0x011b, 5, 1, 106),
            entry(0x0128, 3, 1, 2 << 16),
            entry(0x8298, 2, 4, 0x4d652100),
            entry(0x8769, 4, 1, 114),
            new byte[] {0, 0, 0, (byte) 144});
    byte[] resolutions =
        ByteBuffer.allocate(16).putInt(600).putInt(2).putInt(150).putInt(1).array();
    byte[] details =
        joined(
            new byte[] {0, 2}, entry(0xa002, 4, 1, 32), entry(0xa003, 3, 1, 16 << 16), new byte[4]);
    byte[] second =
        joined(new byte[] {0, 2}, entry(0x0201, 4, 1, 174), entry(0x0202, 4, 1, 4), new byte[4]);
    byte[] tiff =
        joined(
            Bytes.latin("MM\0*\0\0\0\b"), main, resolutions, details, second, Bytes.latin("FACE"));
    assertEquals(178, tiff.length);
    return tiff;
  }

  @Test
  void whatAPhotoCarriesStays() throws IOException {
    var image = new BufferedImage(32, 16, BufferedImage.TYPE_3BYTE_BGR);
    assertTrue(ImageIO.write(image, "jpeg", file.toFile()));
    byte[] jpeg = Files.readAllBytes(file);
    byte[] exif = Bytes.segment(0xe1, Bytes.latin("Exif\0\0"), camera());
    byte[] others =
        joined(
            Bytes.segment(0xe1, Bytes.latin("http://ns.adobe.com/xap/1.0/\0<x/>")),
            Bytes.segment(0xed, Bytes.latin("Photoshop 3.0\0")));
    int second = Bytes.behindJfif(jpeg);
    Files.write(file, inserted(jpeg, second, joined(exif, others)));
    var loaded = PictureFiles.load(file, Optional.empty(), warning -> fail(warning));
    var carried = loaded.metadata().with(Map.of("parameters", "x"));
    assertEquals(List.of(), carried.converted());
    assertEquals(Optional.of("p: not kept: XMP, IPTC"), carried.loss("p", true));
    assertEquals(Optional.empty(), carried.loss("p", false));
    var out = folder.resolve("out.png");
    PictureFiles.writePng(loaded.picture(), out, carried);
    var again = PictureFiles.load(out, Optional.empty(), warning -> fail(warning));
    // The picture stands upright already, so nobody turns it again.
    assertEquals(loaded.picture(), again.picture());
    assertEquals(16, again.picture().width());
    assertEquals(Map.of("parameters", "x"), again.metadata().texts());
    var kept = again.metadata().exif().orElseThrow();
    assertEquals(1, kept.orientation().number());
    var bytes = new String(kept.bytes(), StandardCharsets.ISO_8859_1);
    assertTrue(bytes.contains("ABC") && bytes.contains("Me!"));
    // The camera's small picture shows what was there before the edit.
    assertFalse(bytes.contains("FACE"));
    var tiff = ByteBuffer.wrap(kept.bytes());
    assertEquals(0, tiff.getInt(94));
    assertEquals(16, tiff.getInt(114 + 2 + 8));
    assertEquals(32, tiff.getShort(114 + 2 + 12 + 8));
    // 300 dots to an inch along the stored rows, which are columns now; 150 along the others.
    assertEquals(Optional.of(new Density(5906, 11811, true)), again.metadata().density());
  }

  @Test
  void densitiesOfAllFormatsAreKept() throws IOException {
    var image = new BufferedImage(8, 8, BufferedImage.TYPE_3BYTE_BGR);
    assertTrue(ImageIO.write(image, "jpeg", file.toFile()));
    byte[] jpeg = Files.readAllBytes(file);
    jpeg[13] = 2;
    jpeg[15] = 118;
    jpeg[17] = 118;
    assertDensity(new Density(11_800, 11_800, true), jpeg);
    jpeg[13] = 0;
    jpeg[15] = 4;
    jpeg[17] = 3;
    assertDensity(new Density(4, 3, false), jpeg);
    assertTrue(ImageIO.write(image, "bmp", file.toFile()));
    byte[] bmp = Files.readAllBytes(file);
    ByteBuffer.wrap(bmp).order(ByteOrder.LITTLE_ENDIAN).putInt(38, 3000).putInt(42, 2000);
    assertDensity(new Density(3000, 2000, true), bmp);
    byte[] png = PictureFiles.png(six(), PictureMetadata.NONE);
    byte[] dots = ByteBuffer.allocate(9).putInt(2835).putInt(2835).put((byte) 1).array();
    assertDensity(new Density(2835, 2835, true), inserted(png, HEADER, chunk("pHYs", dots)));
    // None, and the one that every JPEG has, say nothing.
    jpeg[15] = 1;
    jpeg[17] = 1;
    for (byte[] silent : new byte[][] {png, jpeg}) {
      Files.write(file, silent);
      assertEquals(
          PictureMetadata.NONE, PictureFiles.load(file, Optional.empty(), _ -> {}).metadata());
    }
  }

  private void assertDensity(Density expected, byte[] bytes) throws IOException {
    Files.write(file, bytes);
    var loaded = PictureFiles.load(file, Optional.empty(), warning -> fail(warning));
    var out = folder.resolve("out.png");
    PictureFiles.writePng(loaded.picture(), out, loaded.metadata());
    var again = PictureFiles.load(out, Optional.empty(), warning -> fail(warning));
    assertEquals(Optional.of(expected), again.metadata().density());
  }

  @Test
  void conversionsAreSaid() throws IOException {
    byte[] png = PictureFiles.png(six(), PictureMetadata.NONE);
    byte[] linear = ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();
    byte[] profile = chunk("iCCP", joined(new byte[] {'x', 0, 0}, deflated(linear)));
    Files.write(file, inserted(png, HEADER, profile));
    var loaded = PictureFiles.load(file, Optional.empty(), warning -> fail(warning));
    var loss = loaded.metadata().loss("p", false).orElseThrow();
    assertTrue(loss.startsWith("p: converted to sRGB from its colour profile"), loss);
    assertEquals(Optional.of(ColourTag.SRGB), loaded.metadata().colours());
    var deep = new BufferedImage(2, 1, BufferedImage.TYPE_USHORT_GRAY);
    Files.write(file, inserted(encoded(deep), HEADER, gamma(100_000)));
    assertEquals(
        Optional.of(
            "p: converted to sRGB from its gamma (gAMA); reduced from 16 bits a sample to 8"),
        PictureFiles.load(file, Optional.empty(), _ -> {}).metadata().loss("p", true));
  }

  @Test
  void samplesOf16BitsStayWhereNothingIsEdited() throws IOException {
    int[] samples = {0, 1, 127, 128, 129, 256, 0x1234, 0x8000, 0xfffe, 0xffff, 40_000, 77};
    var image = new BufferedImage(12, 1, BufferedImage.TYPE_USHORT_GRAY);
    for (int i = 0; i < samples.length; i++) {
      image.getRaster().setSample(i, 0, 0, samples[i]);
    }
    byte[] colours = joined(gamma(45_455), chunk("sRGB", new byte[1]));
    byte[] exif = chunk("eXIf", tiff(3, ByteOrder.BIG_ENDIAN));
    byte[] png = inserted(encoded(image), HEADER, joined(colours, exif));
    Files.write(file, png);
    var loaded = PictureFiles.load(file, Optional.empty(), warning -> fail(warning));
    byte[] edited = loaded.picture().rgb();
    edited[0] = 9;
    var out = folder.resolve("out.png");
    PictureFiles.writePng(Picture.of(12, 1, edited), out, loaded.metadata());
    var written = ImageIO.read(out.toFile()).getRaster();
    // The picture was turned by 180 degrees.
    assertEquals(9 * 257, written.getSample(0, 0, 0));
    assertEquals(77, written.getSample(0, 0, 1));
    for (int i = 1; i < samples.length; i++) {
      assertEquals(samples[samples.length - 1 - i], written.getSample(i, 0, 2));
    }
    assertEquals(
        Optional.of(new ColourTag(colours)), PngFile.parse(out, Files.readAllBytes(out)).colours());
    var again = PictureFiles.load(out, Optional.empty(), warning -> fail(warning));
    assertArrayEquals(edited, again.picture().rgb());
    assertEquals(Optional.empty(), again.metadata().loss("p", true));
    assertEquals(
        Optional.of("p: reduced from 16 bits a sample to 8"), again.metadata().loss("p", false));
    // With opacity, and where that is what was edited.
    var layer = Picture.of(12, 1, edited).withAlpha(new byte[12]);
    PictureFiles.writePng(layer, out, loaded.metadata());
    assertEquals(layer, PictureFiles.read(out));
  }

  @Test
  void profilesOfJpegsAreConverted() throws IOException {
    var image = new BufferedImage(16, 16, BufferedImage.TYPE_3BYTE_BGR);
    for (int i = 0; i < 256; i++) {
      image.setRGB(i % 16, i / 16, 0x808080);
    }
    assertTrue(ImageIO.write(image, "jpeg", file.toFile()));
    byte[] linear = ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();
    byte[] head = "ICC_PROFILE\0\1\1".getBytes(StandardCharsets.ISO_8859_1);
    byte[] segment =
        ByteBuffer.allocate(4 + head.length + linear.length)
            .putShort((short) 0xffe2)
            .putShort((short) (2 + head.length + linear.length))
            .put(head)
            .put(linear)
            .array();
    byte[] jpeg = Files.readAllBytes(file);
    int behindJfif = 4 + ByteBuffer.wrap(jpeg).getShort(4);
    Files.write(file, inserted(jpeg, behindJfif, segment));
    assertEquals(188, PictureFiles.read(file).level(8, 8, 1), 2);
  }

  @Test
  void profilesOfGreyJpegsAreConverted() throws IOException {
    var image = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
    for (int i = 0; i < 256; i++) {
      image.getRaster().setSample(i % 16, i / 16, 0, 128);
    }
    assertTrue(ImageIO.write(image, "jpeg", file.toFile()));
    byte[] jpeg = Files.readAllBytes(file);
    byte[] linear = ICC_Profile.getInstance(ColorSpace.CS_GRAY).getData();
    byte[] profile = Bytes.segment(0xe2, Bytes.latin("ICC_PROFILE\0\1\1"), linear);
    assertEquals(128, PictureFiles.read(file).level(8, 8, 1), 1);
    Files.write(file, inserted(jpeg, Bytes.behindJfif(jpeg), profile));
    assertEquals(188, PictureFiles.read(file).level(8, 8, 1), 2);
  }

  @Test
  void textsComeBack() throws IOException {
    var texts = new LinkedHashMap<String, String>();
    texts.put("parameters", "a cat\nSteps: 20, Seed: 42");
    texts.put("greek", "ἄνθρωπος \ud83d\ude00");
    texts.put("long", "x".repeat(100_000));
    texts.put("empty", "");
    texts.put("control", "a\tb\u0085c");
    PictureFiles.writePng(six(), file, texts);
    assertEquals(texts, PictureFiles.texts(file));
    assertEquals(texts, PictureFiles.load(file, Optional.empty(), _ -> {}).metadata().texts());
    assertEquals(six(), PictureFiles.read(file));
    assertTrue(Files.size(file) < 2000);
    byte[] bytes = Files.readAllBytes(file);
    PictureFiles.writePng(six(), file, texts);
    assertArrayEquals(bytes, Files.readAllBytes(file));
    // Other readers find the line where they look for it.
    assertTrue(new String(bytes, StandardCharsets.ISO_8859_1).contains("tEXtparameters\0a cat\n"));
  }

  @Test
  void hostileTextsAreLeftOut() throws IOException {
    PictureFiles.writePng(six(), file);
    byte[] png = Files.readAllBytes(file);
    byte[] bomb = deflated(new byte[40 << 20]);
    byte[][] bodies = {
      {},
      {0, 'x'},
      {'k'},
      "k\0\1".getBytes(StandardCharsets.ISO_8859_1),
      "k\0\1\0\0\0garbage".getBytes(StandardCharsets.ISO_8859_1),
      joined("k\0\1\0\0\0".getBytes(StandardCharsets.ISO_8859_1), bomb),
      "x".repeat(100).getBytes(StandardCharsets.ISO_8859_1)
    };
    for (byte[] body : bodies) {
      Files.write(file, inserted(png, HEADER, chunk("iTXt", body)));
      assertEquals(Map.of(), PictureFiles.texts(file));
      assertEquals(six(), PictureFiles.read(file));
    }
    Files.write(
        file,
        inserted(
            png,
            HEADER,
            chunk(
                "zTXt",
                joined(
                    new byte[] {'k', 0, 0}, deflated("z".getBytes(StandardCharsets.ISO_8859_1))))));
    assertEquals(Map.of("k", "z"), PictureFiles.texts(file));
  }
}
