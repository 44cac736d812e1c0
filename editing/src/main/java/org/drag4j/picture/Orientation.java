package org.drag4j.picture;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * How a camera was held, as Exif counts it (tag 274): the stored picture must be flipped and turned
 * to stand upright.
 *
 * @param number 1 to 8; 1 is upright
 */
record Orientation(int number) {
  static final Orientation UPRIGHT = new Orientation(1);

  private static final int TAG = 0x0112;
  private static final int SHORT = 3;
  private static final int ENTRY = 12;
  private static final byte[] EXIF = "Exif\0\0".getBytes(StandardCharsets.ISO_8859_1);

  Orientation {
    number = number >= 1 && number <= 8 ? number : 1;
  }

  /** What a TIFF structure says; upright where it says nothing or is damaged. */
  static Orientation ofTiff(byte[] tiff) {
    var in = ByteBuffer.wrap(tiff);
    if (startsWith(in, EXIF)) {
      in = in.position(EXIF.length).slice();
    }
    if (in.remaining() < 8) {
      return UPRIGHT;
    }
    switch (in.getShort(0)) {
      case 0x4949 -> in.order(ByteOrder.LITTLE_ENDIAN);
      case 0x4d4d -> in.order(ByteOrder.BIG_ENDIAN);
      default -> {
        return UPRIGHT;
      }
    }
    long directory = Integer.toUnsignedLong(in.getInt(4));
    if (in.getShort(2) != 42 || directory + 2 > in.limit()) {
      return UPRIGHT;
    }
    int entries = Short.toUnsignedInt(in.getShort((int) directory));
    for (int i = 0; i < entries; i++) {
      long at = directory + 2 + (long) i * ENTRY;
      if (at + ENTRY > in.limit()) {
        return UPRIGHT;
      }
      if (Short.toUnsignedInt(in.getShort((int) at)) == TAG) {
        return in.getShort((int) at + 2) == SHORT
            ? new Orientation(Short.toUnsignedInt(in.getShort((int) at + 8)))
            : UPRIGHT;
      }
    }
    return UPRIGHT;
  }

  /** What the first Exif segment of a JPEG says. */
  static Orientation ofJpeg(byte[] jpeg) {
    var in = ByteBuffer.wrap(jpeg);
    int at = 2;
    while (at + 4 <= jpeg.length && in.get(at) == (byte) 0xff) {
      int marker = in.get(at + 1) & 0xff;
      if (marker == 0xff) {
        at++;
        continue;
      }
      // The picture's data begin: nothing about it comes behind.
      if (marker == 0xda || marker == 0xd9) {
        break;
      }
      int length = Short.toUnsignedInt(in.getShort(at + 2));
      if (length < 2 || at + 2 + length > jpeg.length) {
        break;
      }
      if (marker == 0xe1) {
        var body = segment(in, at + 4, length - 2);
        if (startsWith(ByteBuffer.wrap(body), EXIF)) {
          return ofTiff(body);
        }
      }
      at += 2 + length;
    }
    return UPRIGHT;
  }

  /** What the Exif chunk of a WebP says. */
  static Orientation ofWebp(byte[] webp) {
    return webpChunk(webp, "EXIF").map(Orientation::ofTiff).orElse(UPRIGHT);
  }

  /** A chunk of a WebP file. */
  static Optional<byte[]> webpChunk(byte[] webp, String type) {
    var in = ByteBuffer.wrap(webp).order(ByteOrder.LITTLE_ENDIAN);
    long at = 12;
    while (at + 8 <= webp.length) {
      long length = Integer.toUnsignedLong(in.getInt((int) at + 4));
      if (at + 8 + length > webp.length) {
        break;
      }
      if (new String(webp, (int) at, 4, StandardCharsets.ISO_8859_1).equals(type)) {
        return Optional.of(segment(in, (int) at + 8, (int) length));
      }
      at += 8 + length + (length & 1);
    }
    return Optional.empty();
  }

  private static byte[] segment(ByteBuffer in, int from, int length) {
    byte[] bytes = new byte[length];
    in.get(from, bytes);
    return bytes;
  }

  private static boolean startsWith(ByteBuffer in, byte[] start) {
    return in.remaining() >= start.length
        && in.slice(in.position(), start.length).equals(ByteBuffer.wrap(start));
  }

  /** The stored picture, upright. */
  Picture upright(Picture stored) {
    if (number == 1) {
      return stored;
    }
    boolean turned = number >= 5;
    int width = turned ? stored.height() : stored.width();
    int height = turned ? stored.width() : stored.height();
    byte[] from = stored.rgb();
    byte[] fromAlpha = stored.isOpaque() ? new byte[0] : stored.alpha();
    byte[] to = new byte[from.length];
    byte[] toAlpha = new byte[fromAlpha.length];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int flippedX = width - 1 - x;
        int flippedY = height - 1 - y;
        // Where in the stored picture the upright pixel (x, y) comes from.
        int column =
            switch (number) {
              case 2, 3 -> flippedX;
              case 5, 6 -> y;
              case 7, 8 -> flippedY;
              default -> x;
            };
        int row =
            switch (number) {
              case 3, 4 -> flippedY;
              case 5, 8 -> x;
              case 6, 7 -> flippedX;
              default -> y;
            };
        int source = row * stored.width() + column;
        int target = y * width + x;
        System.arraycopy(from, source * 3, to, target * 3, 3);
        if (toAlpha.length > 0) {
          toAlpha[target] = fromAlpha[source];
        }
      }
    }
    var picture = Picture.of(width, height, to);
    return toAlpha.length > 0 ? picture.withAlpha(toAlpha) : picture;
  }
}
