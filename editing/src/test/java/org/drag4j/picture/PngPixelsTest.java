package org.drag4j.picture;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import org.drag4j.geometry.RegionMask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PngPixelsTest {
  private static final byte[] NOTHING = {};

  /** A gradient with noise, so that every filter has something to do and to overflow. */
  private static Picture picture(int width, int height, boolean opaque) {
    var random = new Random(7);
    byte[] rgb = new byte[width * height * 3];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (3 * (i / 3 % width) + 5 * (i / 3 / width) + random.nextInt(40));
    }
    byte[] alpha = new byte[width * height];
    random.nextBytes(alpha);
    alpha[0] = 17;
    var picture = Picture.of(width, height, rgb);
    return opaque ? picture : picture.withAlpha(alpha);
  }

  private static byte[] chunk(String type, byte[] body) {
    var out = ByteBuffer.allocate(12 + body.length);
    out.putInt(body.length).put(type.getBytes(StandardCharsets.ISO_8859_1)).put(body);
    var crc = new CRC32();
    crc.update(out.array(), 4, 4 + body.length);
    return out.putInt((int) crc.getValue()).array();
  }

  private static byte[] header(int width, int height, int depth, int colours, int interlace) {
    byte[] rest = {(byte) depth, (byte) colours, 0, 0, (byte) interlace};
    return ByteBuffer.allocate(13).putInt(width).putInt(height).put(rest).array();
  }

  private static byte[] png(byte[] header, byte[]... data) {
    var out = new ByteArrayOutputStream();
    out.writeBytes(PngFile.SIGNATURE);
    out.writeBytes(chunk("IHDR", header));
    for (byte[] part : data) {
      out.writeBytes(chunk("IDAT", part));
    }
    out.writeBytes(chunk("IEND", NOTHING));
    return out.toByteArray();
  }

  private static byte[] compressed(byte[] bytes) throws Exception {
    var out = new ByteArrayOutputStream();
    try (var zlib = new DeflaterOutputStream(out)) {
      zlib.write(bytes);
    }
    return out.toByteArray();
  }

  private static BufferedImage decoded(byte[] png) throws Exception {
    return ImageIO.read(new ByteArrayInputStream(png));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void writesWhatImageIoReads(boolean opaque) throws Exception {
    var picture = picture(37, 23, opaque);
    byte[] png = PngPixels.write(picture);
    assertEquals(picture, Picture.of(decoded(png)));
    assertEquals(Optional.of(picture), PngPixels.read(png));
    assertArrayEquals(png, PngPixels.write(picture));
  }

  /** The JDK's writer takes the filter that suits a row, once it may compress. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void readsWhatImageIoWrites(boolean opaque) throws Exception {
    var picture = picture(61, 40, opaque);
    var out = new ByteArrayOutputStream();
    var writer = ImageIO.getImageWritersByFormatName("png").next();
    var how = writer.getDefaultWriteParam();
    how.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
    how.setCompressionQuality(0);
    try (var stream = ImageIO.createImageOutputStream(out)) {
      writer.setOutput(stream);
      writer.write(null, new IIOImage(picture.toImage(), null, null), how);
    } finally {
      writer.dispose();
    }
    assertEquals(Optional.of(picture), PngPixels.read(out.toByteArray()));
  }

  @Test
  void readsEveryFilterAsImageIoDoes() throws Exception {
    int width = 9;
    int height = 30;
    byte[] lines = new byte[height * (1 + width * 4)];
    new Random(3).nextBytes(lines);
    for (int y = 0; y < height; y++) {
      lines[y * (1 + width * 4)] = (byte) (y % 5);
    }
    byte[] data = compressed(lines);
    byte[] png =
        png(
            header(width, height, 8, 6, 0),
            Arrays.copyOf(data, 5),
            NOTHING,
            Arrays.copyOfRange(data, 5, data.length));
    assertEquals(Picture.of(decoded(png)), PngPixels.read(png).orElseThrow());
  }

  @Test
  void leavesOtherKindsAlone() throws Exception {
    byte[] data = compressed(new byte[100]);
    assertEquals(Optional.empty(), PngPixels.read(png(header(4, 4, 16, 2, 0), data)));
    assertEquals(Optional.empty(), PngPixels.read(png(header(4, 4, 8, 0, 0), data)));
    assertEquals(Optional.empty(), PngPixels.read(png(header(4, 4, 8, 3, 0), data)));
    assertEquals(Optional.empty(), PngPixels.read(png(header(4, 4, 8, 2, 1), data)));
    byte[] keyed = png(header(4, 4, 8, 2, 0), data);
    var out = new ByteArrayOutputStream();
    out.write(keyed, 0, 33);
    out.writeBytes(chunk("tRNS", new byte[6]));
    out.write(keyed, 33, keyed.length - 33);
    assertEquals(Optional.empty(), PngPixels.read(out.toByteArray()));
    assertTrue(PngPixels.read(png(header(4, 4, 8, 2, 0), data)).isPresent());
  }

  @Test
  void refusesDamage() throws Exception {
    byte[] header = header(8, 8, 8, 2, 0);
    byte[] data = compressed(new byte[8 * 25]);
    byte[] unknown = new byte[8 * 25];
    unknown[25] = 5;
    byte[][] damaged = {
      Arrays.copyOf(data, data.length / 2),
      NOTHING,
      compressed(new byte[8 * 25 - 1]),
      compressed(unknown),
      // A dictionary that nobody has.
      {0x78, (byte) 0xbb, 0, 0, 0, 1},
      {1, 2, 3, 4}
    };
    for (byte[] one : damaged) {
      assertThrows(DataFormatException.class, () -> PngPixels.read(png(header, one)));
    }
  }

  @Test
  void writesMasksOfAnyWidth() throws Exception {
    byte[] set = new byte[19 * 5];
    new Random(5).nextBytes(set);
    for (int i = 0; i < set.length; i++) {
      set[i] &= 1;
    }
    var image = decoded(PngPixels.write(RegionMask.of(19, 5, set)));
    for (int i = 0; i < set.length; i++) {
      assertEquals(set[i], image.getRaster().getSample(i % 19, i / 19, 0));
    }
  }
}
