package org.drag4j.cli;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32;

/**
 * The chunks of a PNG file (ISO/IEC 15948), checked strictly: the JDK's reader overlooks checksums
 * and missing ends.
 */
final class PngFile {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a};

  /** Chunks that decide about pixels; all others are left out of what is decoded. */
  private static final List<String> NEEDED = List.of("IHDR", "PLTE", "tRNS", "IDAT", "IEND");

  private static final int OVERHEAD = 12;

  private final int width;
  private final int height;
  private final byte[] essential;

  private PngFile(int width, int height, byte[] essential) {
    this.width = width;
    this.height = height;
    this.essential = essential;
  }

  static boolean matches(byte[] file) {
    return ByteBuffer.wrap(file, 0, Math.min(file.length, SIGNATURE.length))
        .equals(ByteBuffer.wrap(SIGNATURE));
  }

  /**
   * Walks all chunks.
   *
   * @param origin as error messages name it
   * @throws PictureException where the file is cut, damaged or out of order
   */
  static PngFile parse(Object origin, byte[] file) {
    var essential = new ByteArrayOutputStream(file.length);
    essential.write(file, 0, SIGNATURE.length);
    var in = ByteBuffer.wrap(file).position(SIGNATURE.length);
    int width = 0;
    int height = 0;
    boolean data = false;
    for (boolean first = true; ; first = false) {
      int start = in.position();
      if (in.remaining() < OVERHEAD) {
        throw damaged(origin, "a chunk at byte " + start, "the end of the file");
      }
      int length = in.getInt();
      String type = new String(file, in.position(), 4, StandardCharsets.ISO_8859_1);
      if (!type.matches("[A-Za-z]{4}")) {
        throw damaged(origin, "a chunk at byte " + start, "other data");
      }
      if (length < 0 || length > in.remaining() - OVERHEAD + 4) {
        throw damaged(
            origin,
            Integer.toUnsignedLong(length) + " bytes of " + type + " at byte " + start,
            (in.remaining() - 4) + " to the end of the file");
      }
      var crc = new CRC32();
      crc.update(file, in.position(), 4 + length);
      int body = in.position() + 4;
      in.position(body + length);
      if (in.getInt() != (int) crc.getValue()) {
        throw damaged(origin, "the checksum of " + type + " at byte " + start, "another one");
      }
      if (first != type.equals("IHDR")) {
        throw damaged(origin, "IHDR as the first chunk and only there", type);
      }
      if (first) {
        if (length != 13) {
          throw damaged(origin, "13 bytes of IHDR", String.valueOf(length));
        }
        width = in.getInt(body);
        height = in.getInt(body + 4);
      }
      data |= type.equals("IDAT");
      if (NEEDED.contains(type)) {
        essential.write(file, start, OVERHEAD + length);
      }
      if (type.equals("IEND")) {
        if (!data) {
          throw damaged(origin, "IDAT before IEND", "none");
        }
        return new PngFile(width, height, essential.toByteArray());
      }
    }
  }

  private static PictureException damaged(Object origin, String expected, String got) {
    return new PictureException(origin, expected, got, "the PNG is damaged, fetch it again");
  }

  /** From the header; negative for what does not fit 31 bits. */
  int width() {
    return width;
  }

  int height() {
    return height;
  }

  /** The file without the chunks that do not decide about pixels. */
  byte[] essential() {
    return essential.clone();
  }
}
