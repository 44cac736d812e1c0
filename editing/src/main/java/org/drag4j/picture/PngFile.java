package org.drag4j.picture;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/**
 * The chunks of a PNG file (ISO/IEC 15948), checked strictly: the JDK's reader overlooks checksums
 * and missing ends.
 */
final class PngFile {
  static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a};

  /** Chunks that decide about pixels; all others are left out of what is decoded. */
  private static final List<String> NEEDED = List.of("IHDR", "PLTE", "tRNS", "IDAT", "IEND");

  private static final int OVERHEAD = 12;

  /** Signature and IHDR. */
  private static final int HEADER_END = 8 + OVERHEAD + 13;

  private static final int MAX_KEYWORD = 80;
  private static final int MAX_TEXTS = 64;
  private static final int MAX_TEXT = 16 << 20;

  /** Most bytes of all texts: compressed ones can be a thousand times as long as their chunks. */
  private static final int MAX_ALL_TEXTS = 32 << 20;

  private static final int MAX_PROFILE = 4 << 20;
  private static final int MAX_PLAIN = 2000;

  private final int width;
  private final int height;
  private final byte[] essential;
  private final Map<String, String> texts;
  private final Optional<byte[]> profile;
  private final Optional<byte[]> exif;

  private PngFile(
      int width,
      int height,
      byte[] essential,
      Map<String, String> texts,
      Optional<byte[]> profile,
      Optional<byte[]> exif) {
    this.width = width;
    this.height = height;
    this.essential = essential;
    this.texts = texts;
    this.profile = profile;
    this.exif = exif;
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
    if (!matches(file)) {
      throw damaged(origin, "the signature of a PNG", "other bytes");
    }
    var essential = new ByteArrayOutputStream(file.length);
    essential.write(file, 0, SIGNATURE.length);
    var in = ByteBuffer.wrap(file).position(SIGNATURE.length);
    int width = 0;
    int height = 0;
    boolean data = false;
    var texts = new LinkedHashMap<String, String>();
    int room = MAX_ALL_TEXTS;
    Optional<byte[]> profile = Optional.empty();
    Optional<byte[]> exif = Optional.empty();
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
      var content = ByteBuffer.wrap(file, body, length).slice();
      switch (type) {
        case "tEXt", "zTXt", "iTXt" -> room -= text(type, content, texts, Math.min(room, MAX_TEXT));
        case "iCCP" -> profile = profile(content);
        case "eXIf" -> exif = Optional.of(rest(content));
        default -> {}
      }
      if (type.equals("IEND")) {
        if (!data) {
          throw damaged(origin, "IDAT before IEND", "none");
        }
        return new PngFile(
            width,
            height,
            essential.toByteArray(),
            Collections.unmodifiableMap(texts),
            profile,
            exif);
      }
    }
  }

  /**
   * Adds a text and returns its bytes. What an ancillary chunk gets wrong is left out: pixels do
   * not depend on it.
   */
  private static int text(String type, ByteBuffer content, Map<String, String> texts, int most) {
    var keyword = keyword(content);
    if (keyword.isEmpty() || texts.size() >= MAX_TEXTS || texts.containsKey(keyword.get())) {
      return 0;
    }
    Optional<byte[]> value =
        switch (type) {
          case "tEXt" -> Optional.of(rest(content));
          case "zTXt" ->
              content.hasRemaining() && content.get() == 0
                  ? inflated(content, most)
                  : Optional.empty();
          default -> international(content, most);
        };
    var charset = type.equals("iTXt") ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1;
    var kept = value.filter(bytes -> bytes.length <= most);
    kept.ifPresent(bytes -> texts.put(keyword.get(), new String(bytes, charset)));
    return kept.map(bytes -> bytes.length).orElse(0);
  }

  /** The text of an iTXt chunk: flag, method, language, translated keyword, text. */
  private static Optional<byte[]> international(ByteBuffer content, int most) {
    if (content.remaining() < 2) {
      return Optional.empty();
    }
    boolean compressed = content.get() == 1;
    content.get();
    if (!skipStrings(content, 2)) {
      return Optional.empty();
    }
    return compressed ? inflated(content, most) : Optional.of(rest(content));
  }

  private static boolean skipStrings(ByteBuffer content, int count) {
    int left = count;
    while (left > 0 && content.hasRemaining()) {
      left -= content.get() == 0 ? 1 : 0;
    }
    return left == 0;
  }

  private static Optional<byte[]> profile(ByteBuffer content) {
    return keyword(content).isPresent() && content.hasRemaining() && content.get() == 0
        ? inflated(content, MAX_PROFILE)
        : Optional.empty();
  }

  /** The name before the first zero byte. */
  private static Optional<String> keyword(ByteBuffer content) {
    var name = new StringBuilder();
    while (content.hasRemaining() && name.length() < MAX_KEYWORD) {
      int c = content.get() & 0xff;
      if (c == 0) {
        return name.isEmpty() ? Optional.empty() : Optional.of(name.toString());
      }
      name.append((char) c);
    }
    return Optional.empty();
  }

  private static byte[] rest(ByteBuffer content) {
    byte[] bytes = new byte[content.remaining()];
    content.get(bytes);
    return bytes;
  }

  /** What is compressed in the rest of a chunk; nothing where that is damaged or too long. */
  private static Optional<byte[]> inflated(ByteBuffer content, int most) {
    var source = new ByteArrayInputStream(rest(content));
    try (var in = new InflaterInputStream(source)) {
      byte[] bytes = in.readNBytes(most + 1);
      return bytes.length > most ? Optional.empty() : Optional.of(bytes);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * A PNG with these texts behind its header: uncompressed Latin-1 where a text is that and short,
   * else compressed UTF-8.
   *
   * @param png as a writer made it
   */
  static byte[] withTexts(byte[] png, Map<String, String> texts) {
    var out = new ByteArrayOutputStream(png.length);
    out.write(png, 0, HEADER_END);
    texts.forEach((keyword, text) -> out.writeBytes(textChunk(keyword, text)));
    out.write(png, HEADER_END, png.length - HEADER_END);
    return out.toByteArray();
  }

  private static byte[] textChunk(String keyword, String text) {
    var body = new ByteArrayOutputStream();
    body.writeBytes(keyword.getBytes(StandardCharsets.ISO_8859_1));
    body.write(0);
    // The format has no other control characters than the line feed in a Latin-1 text.
    boolean plain =
        text.length() <= MAX_PLAIN
            && text.chars()
                .allMatch(c -> c == '\n' || (c >= ' ' && c < 0x7f) || (c >= 0xa1 && c < 0x100));
    if (plain) {
      body.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
    } else {
      body.writeBytes(new byte[] {1, 0, 0, 0});
      body.writeBytes(deflated(text.getBytes(StandardCharsets.UTF_8)));
    }
    byte[] content = body.toByteArray();
    var chunk = ByteBuffer.allocate(OVERHEAD + content.length);
    chunk.putInt(content.length);
    chunk.put((plain ? "tEXt" : "iTXt").getBytes(StandardCharsets.ISO_8859_1));
    chunk.put(content);
    var crc = new CRC32();
    crc.update(chunk.array(), 4, 4 + content.length);
    return chunk.putInt((int) crc.getValue()).array();
  }

  private static byte[] deflated(byte[] bytes) {
    var out = new ByteArrayOutputStream();
    try (var zlib = new DeflaterOutputStream(out)) {
      zlib.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
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

  /** Its texts by keyword, the first of each; compressed ones opened. */
  Map<String, String> texts() {
    return texts;
  }

  /** The ICC profile, where it has one that can be opened. */
  Optional<byte[]> profile() {
    return profile.map(byte[]::clone);
  }

  /** The Exif data, a TIFF file, where it has one. */
  Optional<byte[]> exif() {
    return exif.map(byte[]::clone);
  }

  /** The file without the chunks that do not decide about pixels. */
  byte[] essential() {
    return essential.clone();
  }
}
