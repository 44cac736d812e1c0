package org.drag4j.picture;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;

/** Parts of picture files, put together as a test wants them. */
final class Bytes {
  private Bytes() {}

  static byte[] latin(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  static byte[] joined(byte[]... parts) {
    var out = new ByteArrayOutputStream();
    Arrays.stream(parts).forEach(out::writeBytes);
    return out.toByteArray();
  }

  static byte[] inserted(byte[] file, int at, byte[] part) {
    return joined(Arrays.copyOf(file, at), part, Arrays.copyOfRange(file, at, file.length));
  }

  static byte[] deflated(byte[] bytes) throws IOException {
    var out = new ByteArrayOutputStream();
    try (var zlib = new DeflaterOutputStream(out)) {
      zlib.write(bytes);
    }
    return out.toByteArray();
  }

  /** A chunk of a PNG. */
  static byte[] chunk(String type, byte[] body) {
    var out = ByteBuffer.allocate(12 + body.length);
    out.putInt(body.length).put(latin(type)).put(body);
    var crc = new CRC32();
    crc.update(out.array(), 4, 4 + body.length);
    return out.putInt((int) crc.getValue()).array();
  }

  /** A segment of a JPEG. */
  static byte[] segment(int marker, byte[]... bodies) {
    byte[] body = joined(bodies);
    return ByteBuffer.allocate(4 + body.length)
        .put((byte) 0xff)
        .put((byte) marker)
        .putShort((short) (2 + body.length))
        .put(body)
        .array();
  }

  /** Where the segment behind the first one of a JPEG begins. */
  static int behindJfif(byte[] jpeg) {
    return 4 + ByteBuffer.wrap(jpeg).getShort(4);
  }
}
