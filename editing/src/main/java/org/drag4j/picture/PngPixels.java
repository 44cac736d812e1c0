package org.drag4j.picture;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * Pixels to and from PNG files (ISO/IEC 15948) without ImageIO, which takes longer to get ready
 * than a picture takes to be read or written.
 */
final class PngPixels {
  private static final int RGB = 2;
  private static final int RGBA = 6;
  private static final int GREY = 0;

  private static final int GREY_ALPHA = 4;

  /** First column and row of each pass, and the steps from one to the next. */
  private static final int[][] ADAM7 = {
    {0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}
  };

  private static final int[][] WHOLE = {{0, 0, 1, 1}};

  private static final int NONE = 0;
  private static final int SUB = 1;
  private static final int UP = 2;
  private static final int AVERAGE = 3;
  private static final int PAETH = 4;

  /** Where the body of IHDR begins. */
  private static final int HEADER = 16;

  /** Of compression: the next two take up to three times as long for a file 6 % smaller. */
  private static final int LEVEL = 4;

  private PngPixels() {}

  /**
   * The picture in a file whose chunks are known to be whole; nothing where it is of another kind
   * than 8 bits of RGB, with opacity or without, row by row.
   *
   * @param png as {@link PngFile#essential} gives it
   * @throws DataFormatException where its data are damaged or end early
   */
  static Optional<Picture> read(byte[] png) throws DataFormatException {
    var file = ByteBuffer.wrap(png);
    int width = file.getInt(HEADER);
    int height = file.getInt(HEADER + 4);
    int colours = file.get(HEADER + 9);
    boolean plain =
        file.get(HEADER + 8) == 8
            && (colours == RGB || colours == RGBA)
            && file.get(HEADER + 10) == 0
            && file.get(HEADER + 11) == 0
            && file.get(HEADER + 12) == 0;
    if (!plain || holds(file, "tRNS")) {
      return Optional.empty();
    }
    int bands = colours == RGB ? 3 : 4;
    byte[] rgb = new byte[width * height * 3];
    byte[] alpha = new byte[bands == 4 ? width * height : 0];
    byte[] above = new byte[width * bands];
    byte[] row = new byte[width * bands];
    byte[] filter = new byte[1];
    try (var data = new Data(file)) {
      for (int y = 0; y < height; y++) {
        data.read(filter);
        data.read(row);
        restore(filter[0], row, above, bands);
        if (bands == 3) {
          System.arraycopy(row, 0, rgb, y * row.length, row.length);
        } else {
          for (int x = 0; x < width; x++) {
            System.arraycopy(row, x * 4, rgb, (y * width + x) * 3, 3);
            alpha[y * width + x] = row[x * 4 + 3];
          }
        }
        byte[] done = row;
        row = above;
        above = done;
      }
    }
    var picture = Picture.of(width, height, rgb);
    return Optional.of(bands == 3 ? picture : picture.withAlpha(alpha));
  }

  /** Whether a file whose chunks are known to be whole has data for every pixel. */
  static boolean isComplete(byte[] png) {
    var file = ByteBuffer.wrap(png);
    int bands =
        switch (file.get(HEADER + 9)) {
          case RGB -> 3;
          case RGBA -> 4;
          case GREY_ALPHA -> 2;
          default -> 1;
        };
    int depth = file.get(HEADER + 8) & 0xff;
    boolean interlaced = file.get(HEADER + 12) == 1;
    try (var data = new Data(file)) {
      for (int[] pass : interlaced ? ADAM7 : WHOLE) {
        int columns = (file.getInt(HEADER) - pass[0] + pass[2] - 1) / pass[2];
        int rows = (file.getInt(HEADER + 4) - pass[1] + pass[3] - 1) / pass[3];
        byte[] row = new byte[1 + (columns * bands * depth + 7) / 8];
        for (int y = 0; columns > 0 && y < rows; y++) {
          data.read(row);
        }
      }
      return true;
    } catch (DataFormatException e) {
      return false;
    }
  }

  private static boolean holds(ByteBuffer file, String type) {
    int at = 8;
    while (at < file.capacity()) {
      if (type(file, at).equals(type)) {
        return true;
      }
      at += 12 + file.getInt(at);
    }
    return false;
  }

  private static String type(ByteBuffer file, int chunk) {
    byte[] type = new byte[4];
    file.get(chunk + 4, type);
    return new String(type, StandardCharsets.ISO_8859_1);
  }

  /** What all IDAT chunks together hold, decompressed. */
  private static final class Data implements AutoCloseable {
    private final ByteBuffer file;
    private final Inflater inflater = new Inflater();
    private int chunk = 8;

    Data(ByteBuffer file) {
      this.file = file;
    }

    void read(byte[] bytes) throws DataFormatException {
      int have = 0;
      while (have < bytes.length) {
        int more = inflater.inflate(bytes, have, bytes.length - have);
        have += more;
        if (more == 0 && !(inflater.needsInput() && next())) {
          throw new DataFormatException("the data end early");
        }
      }
    }

    /** Goes on with the next chunk; false behind the last. */
    private boolean next() {
      while (chunk < file.capacity()) {
        int at = chunk;
        int length = file.getInt(at);
        chunk += 12 + length;
        if (type(file, at).equals("IDAT")) {
          inflater.setInput(file.slice(at + 8, length));
          return true;
        }
      }
      return false;
    }

    @Override
    public void close() {
      inflater.end();
    }
  }

  /** Turns differences from what lies left and above back into a row. */
  private static void restore(int filter, byte[] row, byte[] above, int bands)
      throws DataFormatException {
    switch (filter) {
      case NONE -> {}
      case SUB -> {
        for (int i = bands; i < row.length; i++) {
          row[i] += row[i - bands];
        }
      }
      case UP -> {
        for (int i = 0; i < row.length; i++) {
          row[i] += above[i];
        }
      }
      case AVERAGE -> {
        for (int i = 0; i < row.length; i++) {
          int left = i < bands ? 0 : row[i - bands] & 0xff;
          row[i] += (byte) ((left + (above[i] & 0xff)) / 2);
        }
      }
      case PAETH -> {
        for (int i = 0; i < bands; i++) {
          row[i] += above[i];
        }
        for (int i = bands; i < row.length; i++) {
          row[i] += (byte) paeth(row[i - bands], above[i], above[i - bands]);
        }
      }
      default -> throw new DataFormatException("no such filter");
    }
  }

  /** Which of left, above and both is nearest to the plane through them. */
  private static int paeth(byte left, byte above, byte both) {
    int a = left & 0xff;
    int b = above & 0xff;
    int c = both & 0xff;
    int fromA = Math.abs(b - c);
    int fromB = Math.abs(a - c);
    int fromC = Math.abs(a + b - 2 * c);
    return fromA <= fromB && fromA <= fromC ? a : fromB <= fromC ? b : c;
  }

  /**
   * A picture as a PNG of 16 bits a sample: those of {@code deep}, which is as large, where they
   * are what the picture shows.
   */
  static byte[] write(Picture picture, DeepSamples deep) {
    int width = picture.width();
    int height = picture.height();
    int bands = picture.isOpaque() ? 3 : 4;
    byte[][] levels = {picture.rgb(), deep.high().rgb(), deep.low().rgb()};
    byte[][] opacities = {picture.alpha(), deep.high().alpha(), deep.low().alpha()};
    byte[] row = new byte[width * bands * 2];
    byte[] above = new byte[row.length];
    byte[] line = new byte[1 + row.length];
    var data = new Compressed(row.length * (long) height);
    for (int y = 0; y < height; y++) {
      var out = ByteBuffer.wrap(row);
      for (int at = y * width; at < (y + 1) * width; at++) {
        for (int c = 0; c < 3; c++) {
          out.putShort(sample(levels, 3 * at + c));
        }
        if (bands == 4) {
          out.putShort(sample(opacities, at));
        }
      }
      filter(row, above, line);
      data.add(line);
      byte[] done = row;
      row = above;
      above = done;
    }
    return file(width, height, 16, bands == 3 ? RGB : RGBA, data);
  }

  /** A level, or the sample that it was reduced from. */
  private static short sample(byte[][] parts, int at) {
    int level = parts[0][at] & 0xff;
    int deep = (parts[1][at] & 0xff) << 8 | (parts[2][at] & 0xff);
    return (short) (DeepSamples.level(deep) == level ? deep : level * 0x101);
  }

  /** A picture as a PNG without texts. The same picture gives the same bytes. */
  static byte[] write(Picture picture) {
    int width = picture.width();
    int height = picture.height();
    boolean opaque = picture.isOpaque();
    int bands = opaque ? 3 : 4;
    byte[] rgb = picture.rgb();
    byte[] alpha = opaque ? rgb : picture.alpha();
    byte[] row = new byte[width * bands];
    byte[] above = new byte[row.length];
    byte[] line = new byte[1 + row.length];
    var data = new Compressed(row.length * (long) height);
    for (int y = 0; y < height; y++) {
      if (opaque) {
        System.arraycopy(rgb, y * row.length, row, 0, row.length);
      } else {
        for (int x = 0; x < width; x++) {
          System.arraycopy(rgb, (y * width + x) * 3, row, x * 4, 3);
          row[x * 4 + 3] = alpha[y * width + x];
        }
      }
      filter(row, above, line);
      data.add(line);
      byte[] done = row;
      row = above;
      above = done;
    }
    return file(width, height, 8, opaque ? RGB : RGBA, data);
  }

  /** A mask as a PNG: white where it is set, else black. */
  static byte[] write(PixelMask mask) {
    var data = new Compressed((long) mask.width() * mask.height() / 8);
    byte[] line = new byte[1 + (mask.width() + 7) / 8];
    for (int y = 0; y < mask.height(); y++) {
      Arrays.fill(line, (byte) 0);
      for (int x = 0; x < mask.width(); x++) {
        if (mask.get(x, y)) {
          line[1 + x / 8] |= (byte) (0x80 >> x % 8);
        }
      }
      data.add(line);
    }
    return file(mask.width(), mask.height(), 1, GREY, data);
  }

  /** What a row differs by from the one above, behind the number of that filter. */
  private static void filter(byte[] row, byte[] above, byte[] line) {
    // The others make files 2 % smaller at best, and take longer than to compress them.
    line[0] = UP;
    for (int i = 0; i < row.length; i++) {
      line[1 + i] = (byte) (row[i] - above[i]);
    }
  }

  private static byte[] file(int width, int height, int depth, int colours, Compressed data) {
    byte[] body = data.finish();
    var out = ByteBuffer.allocate(8 + 3 * 12 + 13 + body.length).put(PngFile.SIGNATURE);
    var header = ByteBuffer.allocate(13).putInt(width).putInt(height);
    chunk(out, "IHDR", header.put((byte) depth).put((byte) colours).array());
    chunk(out, "IDAT", body);
    chunk(out, "IEND", new byte[0]);
    return out.array();
  }

  private static void chunk(ByteBuffer out, String type, byte[] body) {
    byte[] name = type.getBytes(StandardCharsets.ISO_8859_1);
    var crc = new CRC32();
    crc.update(name);
    crc.update(body);
    out.putInt(body.length).put(name).put(body).putInt((int) crc.getValue());
  }

  /** Bytes that are compressed as they come. */
  private static final class Compressed {
    private final Deflater deflater = new Deflater(LEVEL);
    private final ByteArrayOutputStream out;
    private final byte[] buffer = new byte[1 << 16];

    Compressed(long expected) {
      out = new ByteArrayOutputStream((int) Math.max(64, expected / 4));
    }

    void add(byte[] bytes) {
      deflater.setInput(bytes);
      while (!deflater.needsInput()) {
        out.write(buffer, 0, deflater.deflate(buffer));
      }
    }

    byte[] finish() {
      deflater.finish();
      while (!deflater.finished()) {
        out.write(buffer, 0, deflater.deflate(buffer));
      }
      deflater.end();
      return out.toByteArray();
    }
  }
}
