package org.drag4j.picture;

import static org.drag4j.picture.Bytes.behindJfif;
import static org.drag4j.picture.Bytes.chunk;
import static org.drag4j.picture.Bytes.deflated;
import static org.drag4j.picture.Bytes.inserted;
import static org.drag4j.picture.Bytes.joined;
import static org.drag4j.picture.Bytes.latin;
import static org.drag4j.picture.Bytes.segment;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are not as they should be, and of which all pixels are there; and real damage. */
class OddFilesTest {
  private static final int HEADER = 33;
  private static final int END = 12;
  private static final byte[] EOI = {(byte) 0xff, (byte) 0xd9};
  private static final byte[] PROFILE = latin("ICC_PROFILE\0");

  private final List<String> warnings = new ArrayList<>();

  private Picture opened(byte[] file) {
    warnings.clear();
    return PictureFiles.decode("f", file, warnings::add);
  }

  private void assertOpens(byte[] whole, byte[] odd, String what) {
    var expected = opened(whole);
    assertEquals(List.of(), warnings);
    assertEquals(expected, opened(odd), what);
    assertEquals(1, warnings.size(), what);
    String warning = warnings.getFirst();
    assertTrue(warning.startsWith("f: ") && warning.contains(what), warning);
  }

  private void assertRefused(byte[] file) {
    var e = assertThrows(PictureException.class, () -> opened(file));
    assertTrue(String.valueOf(e.getMessage()).endsWith("damaged, fetch it again"), e.getMessage());
  }

  private static byte[] written(int type, String format, boolean progressive) throws IOException {
    var image = new BufferedImage(40, 24, type);
    var random = new Random(3);
    for (int i = 0; i < 40 * 24; i++) {
      image.setRGB(i % 40, i / 40, random.nextInt());
    }
    var writer = ImageIO.getImageWritersByFormatName(format).next();
    var param = writer.getDefaultWriteParam();
    param.setProgressiveMode(
        progressive ? ImageWriteParam.MODE_DEFAULT : ImageWriteParam.MODE_DISABLED);
    var out = new ByteArrayOutputStream();
    try (var stream = ImageIO.createImageOutputStream(out)) {
      writer.setOutput(stream);
      writer.write(null, new IIOImage(image, null, null), param);
    }
    writer.dispose();
    return out.toByteArray();
  }

  private static byte[] jpeg(boolean progressive) throws IOException {
    return written(BufferedImage.TYPE_3BYTE_BGR, "jpeg", progressive);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void jpegsWithTheirPixelsAreOpened(boolean progressive) throws IOException {
    byte[] jpeg = jpeg(progressive);
    int end = jpeg.length - 2;
    int second = behindJfif(jpeg);
    byte[] strange = latin("x0123456789abcdef");
    assertOpens(jpeg, inserted(jpeg, end, strange), "bytes before its end");
    byte[] fill = {-1, -1, -1};
    for (int at : new int[] {2, second, end}) {
      assertOpens(jpeg, inserted(jpeg, at, fill), "fill bytes");
    }
    assertOpens(jpeg, inserted(jpeg, second, new byte[] {1, 2, 3, -1, 0}), "5 bytes between");
    String missing = "the end of the file is missing; all pixels are there";
    assertOpens(jpeg, Arrays.copyOf(jpeg, end), missing);
    assertOpens(jpeg, Arrays.copyOf(jpeg, end + 1), missing);
    // What was saved from a broken disk ends in zeros.
    assertOpens(jpeg, Arrays.copyOf(Arrays.copyOf(jpeg, end), end + 512), missing);
    // Whatever stands behind the end is somebody else's.
    assertEquals(opened(jpeg), opened(joined(jpeg, jpeg, new byte[100])));
    assertEquals(List.of(), warnings);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void jpegsWithoutTheirPixelsAreRefused(boolean progressive) throws IOException {
    byte[] jpeg = jpeg(progressive);
    for (int left : new int[] {30, 300, jpeg.length / 2, jpeg.length - 40}) {
      assertRefused(Arrays.copyOf(jpeg, left));
      if (left > 600) {
        // An end that somebody else has put there makes nothing better.
        assertRefused(joined(Arrays.copyOf(jpeg, left), EOI));
      }
    }
    if (progressive) {
      // All scans but the last: a picture that a decoder takes for whole.
      int last = lastScan(jpeg);
      assertRefused(Arrays.copyOf(jpeg, last));
    }
  }

  private static int lastScan(byte[] jpeg) {
    int at = jpeg.length - 2;
    while (jpeg[at] != -1 || jpeg[at + 1] != (byte) 0xda) {
      at--;
    }
    return at;
  }

  @Test
  void brokenProfilesOfJpegsAreLeftOut() throws IOException {
    byte[] jpeg = jpeg(false);
    byte[] linear = ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();
    byte[] one = {1, 1};
    byte[] half = Arrays.copyOf(linear, linear.length / 2);
    byte[] rest = Arrays.copyOfRange(linear, half.length, linear.length);
    byte[][] broken = {
      segment(0xe2, PROFILE, one, new byte[300]),
      segment(0xe2, PROFILE, one, half),
      segment(0xe2, PROFILE, new byte[] {1, 2}, half),
      joined(
          segment(0xe2, PROFILE, new byte[] {1, 2}, half),
          segment(0xe2, PROFILE, new byte[] {1, 2}, rest)),
      segment(0xe2, PROFILE),
      segment(0xe2, PROFILE, new byte[] {0, 0}, linear)
    };
    for (byte[] profile : broken) {
      assertOpens(jpeg, inserted(jpeg, behindJfif(jpeg), profile), "colour profile is broken");
    }
    byte[] grey = ICC_Profile.getInstance(ColorSpace.CS_GRAY).getData();
    byte[] other = segment(0xe2, PROFILE, one, grey);
    assertOpens(jpeg, inserted(jpeg, behindJfif(jpeg), other), "for other colours");
    // Whole ones in two parts, in whatever order, count.
    byte[] whole = inserted(jpeg, behindJfif(jpeg), segment(0xe2, PROFILE, one, linear));
    byte[] parts =
        joined(
            segment(0xe2, PROFILE, new byte[] {2, 2}, rest),
            segment(0xe2, PROFILE, new byte[] {1, 2}, half));
    var converted = opened(whole);
    assertEquals(converted, opened(inserted(jpeg, behindJfif(jpeg), parts)));
    assertEquals(List.of(), warnings);
    assertTrue(converted.psnr(opened(jpeg)) < 40);
  }

  @Test
  void pngsWithTheirPixelsAreOpened() throws IOException {
    for (boolean interlaced : new boolean[] {false, true}) {
      for (int type :
          new int[] {
            BufferedImage.TYPE_3BYTE_BGR,
            BufferedImage.TYPE_USHORT_GRAY,
            BufferedImage.TYPE_BYTE_INDEXED,
            BufferedImage.TYPE_BYTE_BINARY
          }) {
        byte[] png = written(type, "png", interlaced);
        String missing = "all pixels are there";
        for (int left : new int[] {0, 1, 6, 11}) {
          assertOpens(png, Arrays.copyOf(png, png.length - END + left), missing);
        }
        byte[] other = joined(Arrays.copyOf(png, png.length - END), latin("\0\0\0\0other data"));
        assertOpens(png, other, missing);
        // One byte of the checksum of the last chunk of data is missing.
        assertOpens(png, Arrays.copyOf(png, png.length - END - 1), missing);
        assertRefused(Arrays.copyOf(png, png.length - END - 60));
        assertRefused(
            joined(Arrays.copyOf(png, png.length - END - 60), chunk("IEND", new byte[0])));
      }
    }
  }

  @Test
  void wrongChecksumsMatterWherePixelsDependOnThem() throws IOException {
    byte[] png = written(BufferedImage.TYPE_3BYTE_BGR, "png", false);
    byte[][] chunks = {
      chunk("tEXt", latin("Title\0x")), chunk("gAMA", new byte[] {0, 1, -122, -96}),
      chunk("pHYs", new byte[9]), chunk("zzZz", new byte[0])
    };
    for (byte[] good : chunks) {
      byte[] bad = good.clone();
      bad[bad.length - 1] ^= 1;
      assertOpens(
          png,
          inserted(png, HEADER, bad),
          "the checksum of " + new String(bad, 4, 4, StandardCharsets.ISO_8859_1));
    }
    byte[] indexed = written(BufferedImage.TYPE_BYTE_INDEXED, "png", false);
    byte[] palette = indexed.clone();
    palette[HEADER + 10] ^= 1;
    assertRefused(palette);
    byte[] profile = chunk("iCCP", joined(latin("x\0\0"), deflated(new byte[500])));
    assertOpens(png, inserted(png, HEADER, profile), "colour profile is broken");
  }

  @Test
  void webpsWithTheirPixelsAreOpened() throws IOException {
    byte[] simple = PictureFilesTest.webp();
    byte[] vp8 = Arrays.copyOfRange(simple, 12, simple.length);
    byte[] whole = extended(0, vp8);
    byte[] exif = riff("EXIF", latin("MM\0*\0\0\0\bxxxxxxxxxxxx"));
    byte[] both = extended(8, vp8, exif);
    assertOpens(whole, Arrays.copyOf(both, both.length - 4), "all pixels are there");
    assertOpens(whole, Arrays.copyOf(both, both.length - exif.length), "all pixels are there");
    assertOpens(whole, extended(32, riff("ICCP", new byte[200]), vp8), "colour profile is broken");
    assertRefused(Arrays.copyOf(whole, whole.length - 20));
    assertRefused(Arrays.copyOf(whole, 14));
  }

  private static byte[] riff(String type, byte[] body) {
    byte[] length = {(byte) body.length, 0, 0, 0};
    return joined(latin(type), length, body, new byte[body.length & 1]);
  }

  private static byte[] extended(int flags, byte[]... chunks) {
    byte[] body =
        joined(
            latin("WEBP"),
            riff("VP8X", new byte[] {(byte) flags, 0, 0, 0, 0, 0, 0, 0, 0, 0}),
            joined(chunks));
    byte[] length = ByteBuffer.allocate(4).putInt(Integer.reverseBytes(body.length)).array();
    return joined(latin("RIFF"), length, body);
  }
}
