package org.drag4j.picture;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The chunks of a WebP file (RFC 9649), walked before a decoder sees them. */
final class WebpFile {
  private static final int HEADER = 12;
  private static final int CHUNK = 8;

  /** The bit of the first byte of VP8X that announces a profile. */
  private static final int PROFILE_FLAG = 0x20;

  private final byte[] file;
  private final ByteArrayOutputStream chunks;
  private final List<String> notes = new ArrayList<>();
  private final List<String> unkept = new ArrayList<>();
  private Optional<Exif> exif = Optional.empty();
  private Optional<byte[]> profile = Optional.empty();
  private boolean brokenProfile;
  private int frames;
  private boolean pixels;
  private boolean cut;

  private WebpFile(byte[] file) {
    this.file = file;
    chunks = new ByteArrayOutputStream(file.length);
  }

  /**
   * Walks the chunks of a file that begins as a WebP does.
   *
   * @param origin as error messages name it
   * @throws PictureException where the pixels are not all there
   */
  static WebpFile parse(Object origin, byte[] file) {
    var webp = new WebpFile(file);
    webp.walk(origin);
    return webp;
  }

  private void walk(Object origin) {
    var in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    long end = HEADER - 4L + Integer.toUnsignedLong(file.length < CHUNK ? 0 : in.getInt(4));
    int at = HEADER;
    while (at < Math.min(end, file.length)) {
      int left = file.length - at - CHUNK;
      long length = left < 0 ? 0 : Integer.toUnsignedLong(in.getInt(at + 4));
      if (length > left) {
        cut = true;
        break;
      }
      var type = new String(file, at, 4, StandardCharsets.ISO_8859_1);
      int behind = at + CHUNK + (int) length;
      take(type, at, behind);
      at = behind + (int) (length & 1);
    }
    cut |= end > file.length + 1L;
    if (!pixels) {
      throw PictureFiles.damaged(origin, "WEBP");
    }
    if (cut) {
      notes.add("the end of the file is missing; all pixels are there");
    }
    if (brokenProfile) {
      notes.add(ColourProfile.BROKEN);
    }
    if (frames > 1) {
      notes.add("an animation of " + frames + " frames; the first one was taken");
    }
  }

  private void take(String type, int at, int behind) {
    byte[] body = Arrays.copyOfRange(file, at + CHUNK, behind);
    boolean needed = true;
    switch (type) {
      case "VP8 ", "VP8L" -> pixels = true;
      case "ANMF" -> {
        frames++;
        pixels = true;
      }
      case "EXIF" -> exif = exif.or(() -> Exif.of(body));
      case "XMP " -> unkept.add("XMP");
      case "ICCP" -> {
        needed = ColourProfile.isWhole(body);
        brokenProfile |= !needed;
        profile = needed ? Optional.of(body) : profile;
      }
      default -> {}
    }
    if (needed) {
      chunks.write(file, at, behind - at);
      chunks.writeBytes(new byte[(behind - at) & 1]);
    }
  }

  /** What a decoder needs of the file. */
  byte[] essential() {
    if (!cut && !brokenProfile) {
      return file;
    }
    byte[] kept = chunks.toByteArray();
    if (brokenProfile && kept.length > CHUNK && kept[3] == 'X') {
      kept[CHUNK] &= ~PROFILE_FLAG;
    }
    var riff = ByteBuffer.allocate(HEADER + kept.length).order(ByteOrder.LITTLE_ENDIAN);
    riff.put(file, 0, 4).putInt(4 + kept.length).put(file, CHUNK, 4).put(kept);
    return riff.array();
  }

  /** What is odd about the file, for people. */
  List<String> notes() {
    return notes;
  }

  /** What it carries beside what is read here, for people. */
  List<String> unkept() {
    return unkept;
  }

  /** The Exif data, where it has some. */
  Optional<Exif> exif() {
    return exif;
  }

  /** The colour profile, where it is whole. */
  Optional<byte[]> profile() {
    return profile.map(byte[]::clone);
  }
}
