package org.drag4j.picture;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;

/**
 * The chunks of a PNG file (ISO/IEC 15948), checked before a decoder sees them: the JDK's reader
 * overlooks checksums and missing ends.
 */
final class PngFile {
  static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a};

  /** Chunks that decide about pixels; all others are left out of what is decoded. */
  private static final List<String> NEEDED = List.of("IHDR", "PLTE", "tRNS", "IDAT");

  private static final List<String> COLOURS = List.of("sRGB", "gAMA", "cHRM", "cICP", "iCCP");

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

  /** Kinds of chunks that are named where their checksums are wrong. */
  private static final int MAX_BROKEN = 4;

  private static final int SRGB_PRIMARIES = 1;
  private static final int SRGB_TRANSFER = 13;

  private final ByteArrayOutputStream essential;
  private final ByteArrayOutputStream colours = new ByteArrayOutputStream();
  private final Map<String, String> texts = new LinkedHashMap<>();
  private final Set<String> broken = new LinkedHashSet<>();
  private final List<String> notes = new ArrayList<>();
  private final List<String> unkept = new ArrayList<>();
  private int room = MAX_ALL_TEXTS;
  private int width;
  private int height;
  private int depth;
  private boolean data;
  private Optional<byte[]> profile = Optional.empty();
  private Optional<byte[]> exif = Optional.empty();
  private Optional<Density> density = Optional.empty();
  private Optional<Gamma> gamma = Optional.empty();
  private boolean srgb;
  private Optional<PictureException> cut = Optional.empty();

  private PngFile(int length) {
    essential = new ByteArrayOutputStream(length + OVERHEAD);
  }

  static boolean matches(byte[] file) {
    return ByteBuffer.wrap(file, 0, Math.min(file.length, SIGNATURE.length))
        .equals(ByteBuffer.wrap(SIGNATURE));
  }

  /**
   * Walks all chunks.
   *
   * @param origin as error messages name it
   * @throws PictureException where the file is cut, damaged or out of order before its pixels; what
   *     is wrong behind their beginning is known as {@link #cut}
   */
  static PngFile parse(Object origin, byte[] file) {
    if (!matches(file)) {
      throw damaged(origin, "the signature of a PNG", "other bytes");
    }
    var png = new PngFile(file.length);
    png.essential.write(file, 0, SIGNATURE.length);
    try {
      png.walk(origin, file);
    } catch (PictureException e) {
      if (!png.data) {
        throw e;
      }
      png.cut = Optional.of(e);
    }
    png.essential.writeBytes(chunk("IEND", new byte[0]));
    if (!png.broken.isEmpty()) {
      png.notes.add(
          "the checksum of " + String.join(", ", png.broken) + " is wrong and the chunk left out");
    }
    return png;
  }

  private void walk(Object origin, byte[] file) {
    var in = ByteBuffer.wrap(file).position(SIGNATURE.length);
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
      boolean end = type.equals("IEND");
      if (end && !data) {
        throw damaged(origin, "IDAT before IEND", "none");
      }
      if (length < 0 || length > in.remaining() - OVERHEAD + 4) {
        if (type.equals("IDAT") && !first) {
          // Perhaps all that is missing is behind the last pixel.
          idat(Arrays.copyOfRange(file, start + 8, file.length));
        }
        throw damaged(
            origin,
            Integer.toUnsignedLong(length) + " bytes of " + type + " at byte " + start,
            (in.remaining() - 4) + " to the end of the file");
      }
      var crc = new CRC32();
      crc.update(file, in.position(), 4 + length);
      int body = in.position() + 4;
      in.position(body + length);
      boolean right = in.getInt() == (int) crc.getValue();
      if (!right && Character.isLowerCase(type.charAt(0)) && !first) {
        if (broken.size() < MAX_BROKEN) {
          broken.add(type);
        }
        continue;
      }
      if (!right) {
        throw damaged(origin, "the checksum of " + type + " at byte " + start, "another one");
      }
      if (first != type.equals("IHDR")) {
        throw damaged(origin, "IHDR as the first chunk and only there", type);
      }
      if (end) {
        return;
      }
      if (first) {
        if (length != 13) {
          throw damaged(origin, "13 bytes of IHDR", String.valueOf(length));
        }
        width = in.getInt(body);
        height = in.getInt(body + 4);
        depth = in.get(body + 8);
      }
      data |= type.equals("IDAT");
      if (NEEDED.contains(type)) {
        essential.write(file, start, OVERHEAD + length);
      }
      take(type, ByteBuffer.wrap(file, body, length).slice());
      if (COLOURS.contains(type) && (!type.equals("iCCP") || profile.isPresent())) {
        colours.write(file, start, OVERHEAD + length);
      }
    }
  }

  private void idat(byte[] bytes) {
    essential.writeBytes(chunk("IDAT", bytes));
    data = true;
  }

  /** Takes what a chunk says beside the pixels. */
  private void take(String type, ByteBuffer content) {
    int length = content.remaining();
    switch (type) {
      case "tEXt", "zTXt", "iTXt" -> room -= text(type, content, texts, Math.min(room, MAX_TEXT));
      case "iCCP" -> {
        profile = profile(content).filter(ColourProfile::isWhole);
        if (profile.isEmpty()) {
          notes.add(ColourProfile.BROKEN);
        }
      }
      case "eXIf" -> exif = Optional.of(rest(content));
      case "sRGB" -> srgb = true;
      case "cICP" -> {
        srgb = true;
        if (length != 4 || content.get(0) != SRGB_PRIMARIES || content.get(1) != SRGB_TRANSFER) {
          notes.add("its colours (cICP) are not those of sRGB, and count as such");
        }
      }
      case "gAMA" -> {
        if (length == 4 && content.getInt(0) > 0) {
          gamma = Optional.of(new Gamma(content.getInt(0) / 100_000.0));
        }
      }
      case "pHYs" -> {
        if (length == 9) {
          density =
              Optional.of(new Density(content.getInt(0), content.getInt(4), content.get(8) == 1))
                  .filter(Density::isKnown);
        }
      }
      case "acTL" -> {
        if (length == 8 && content.getInt(0) != 1) {
          notes.add(
              "an animation of "
                  + Integer.toUnsignedString(content.getInt(0))
                  + " frames; its still picture was taken");
        }
      }
      case "caBX" -> unkept.add("content credentials (C2PA)");
      default -> {}
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
   * A PNG with these data behind its header. A text is uncompressed Latin-1 where it is that and
   * short, else compressed UTF-8.
   *
   * @param png as a writer made it
   */
  static byte[] with(byte[] png, PictureMetadata metadata) {
    var out = new ByteArrayOutputStream(png.length);
    out.write(png, 0, HEADER_END);
    metadata.colours().ifPresent(tag -> out.writeBytes(tag.chunks()));
    metadata.density().ifPresent(d -> out.writeBytes(chunk("pHYs", density(d))));
    metadata.exif().ifPresent(exif -> out.writeBytes(chunk("eXIf", exif.bytes())));
    metadata.texts().forEach((keyword, text) -> out.writeBytes(textChunk(keyword, text)));
    out.write(png, HEADER_END, png.length - HEADER_END);
    return out.toByteArray();
  }

  private static byte[] density(Density d) {
    return ByteBuffer.allocate(9)
        .putInt((int) d.x())
        .putInt((int) d.y())
        .put((byte) (d.metres() ? 1 : 0))
        .array();
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
    return chunk(plain ? "tEXt" : "iTXt", body.toByteArray());
  }

  static byte[] chunk(String type, byte[] content) {
    var chunk = ByteBuffer.allocate(OVERHEAD + content.length);
    chunk.putInt(content.length);
    chunk.put(type.getBytes(StandardCharsets.ISO_8859_1));
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
    return Collections.unmodifiableMap(texts);
  }

  /** The ICC profile, where it has one that can be opened. */
  Optional<byte[]> profile() {
    return profile.map(byte[]::clone);
  }

  /** The Exif data, where it has some. */
  Optional<Exif> exif() {
    return exif.filter(data -> data.length <= Exif.MAX_BYTES).flatMap(Exif::of);
  }

  /** The density, where one is said. */
  Optional<Density> density() {
    return density.or(() -> exif().flatMap(Exif::density));
  }

  /** How samples stand for light, where that is said, unusual, and nothing better is said. */
  Optional<Gamma> gamma() {
    return srgb || profile.isPresent() ? Optional.empty() : gamma.filter(g -> !g.isUsual());
  }

  /** What it says about its colours, if anything. */
  Optional<ColourTag> colours() {
    return colours.size() == 0
        ? Optional.empty()
        : Optional.of(new ColourTag(colours.toByteArray()));
  }

  /** Bits of a sample. */
  int depth() {
    return depth;
  }

  /** What is wrong with the end of the file; whether all pixels are there is still to be found. */
  Optional<PictureException> cut() {
    return cut;
  }

  /** What is odd about the file, for people. */
  List<String> notes() {
    return Collections.unmodifiableList(notes);
  }

  /** What it carries beside what is read here, for people. */
  List<String> unkept() {
    return Collections.unmodifiableList(unkept);
  }

  /** The file without the chunks that do not decide about pixels; it always ends as it should. */
  byte[] essential() {
    return essential.toByteArray();
  }
}
