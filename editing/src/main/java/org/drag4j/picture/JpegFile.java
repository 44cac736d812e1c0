package org.drag4j.picture;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The segments of a JPEG file (ITU-T T.81), walked before a decoder sees them: decoders disagree
 * about what is odd in a file whose pixels are all there.
 */
final class JpegFile {
  private static final int APP0 = 0xe0;
  private static final int APP1 = 0xe1;
  private static final int APP2 = 0xe2;
  private static final int APP11 = 0xeb;
  private static final int APP13 = 0xed;
  private static final int COMMENT = 0xfe;
  private static final int SCAN = 0xda;
  private static final int END = 0xd9;

  /** Code tables that share their range of markers with the headers of frames. */
  private static final List<Integer> NO_FRAMES = List.of(0xc4, 0xc8, 0xcc);

  private static final int BASELINE = 0xc0;
  private static final int EXTENDED = 0xc1;
  private static final int PROGRESSIVE = 0xc2;
  private static final int LOSSLESS = 0xc3;

  private static final int COEFFICIENTS = 64;
  private static final byte[] EXIF = bytes("Exif\0");
  private static final byte[] PROFILE = bytes("ICC_PROFILE\0");
  private static final byte[] MULTIPLE = bytes("MPF\0");
  private static final byte[] XMP = bytes("http://ns.adobe.com/");

  private final byte[] file;
  private final ByteBuffer in;
  private final ByteArrayOutputStream essential;
  private final List<String> notes = new ArrayList<>();
  private final Set<String> unkept = new LinkedHashSet<>();

  /** By number: the parts of a colour profile, and how many each says that there are. */
  private final Map<Integer, byte[]> parts = new TreeMap<>();

  private final Set<Integer> counts = new LinkedHashSet<>();
  private final List<byte[]> profileSegments = new ArrayList<>();

  /** For each component how many low bits of its coefficients are still to come. */
  private final Map<Integer, int[]> missing = new LinkedHashMap<>();

  private Optional<Exif> exif = Optional.empty();
  private Optional<Density> density = Optional.empty();
  private Optional<byte[]> profile = Optional.empty();
  private int frame;
  private int precision = 8;
  private boolean scanned;
  private boolean ended;

  private JpegFile(byte[] file) {
    this.file = file;
    in = ByteBuffer.wrap(file);
    essential = new ByteArrayOutputStream(file.length + 2);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Walks the segments of a file that begins as a JPEG does, as far as there are any. */
  static JpegFile parse(byte[] file) {
    var jpeg = new JpegFile(file);
    jpeg.walk();
    return jpeg;
  }

  private void walk() {
    essential.write(file, 0, 2);
    int at = 2;
    int strange = 0;
    boolean filled = false;
    while (at + 1 < file.length && !ended) {
      int marker = unsigned(at + 1);
      if (unsigned(at) != 0xff || marker == 0 || marker == 0x01 || standsAlone(marker)) {
        strange++;
        at++;
      } else if (marker == 0xff) {
        filled = true;
        at++;
      } else if (marker == END) {
        ended = true;
      } else {
        int length = at + 4 <= file.length ? Short.toUnsignedInt(in.getShort(at + 2)) : 0;
        if (length < 2 || at + 2 + length > file.length) {
          break;
        }
        at = segment(marker, at, length);
      }
    }
    if (strange > 0) {
      notes.add(strange + " bytes between its segments were skipped");
    }
    if (filled) {
      notes.add("fill bytes between its segments were skipped");
    }
    joinProfile();
    // A decoder that misses the end reports it in many ways.
    essential.write(0xff);
    essential.write(END);
  }

  /** Restart markers, and another start, mean nothing between segments. */
  private static boolean standsAlone(int marker) {
    return marker >= 0xd0 && marker <= 0xd8;
  }

  private int unsigned(int at) {
    return file[at] & 0xff;
  }

  /** Takes a segment, and returns where the next marker may be. */
  private int segment(int marker, int at, int length) {
    var body = Arrays.copyOfRange(file, at + 4, at + 2 + length);
    int next = at + 2 + length;
    if (marker == APP2 && startsWith(body, PROFILE)) {
      profileSegments.add(Arrays.copyOfRange(file, at, next));
      if (body.length >= PROFILE.length + 2) {
        counts.add(body[PROFILE.length + 1] & 0xff);
        parts.putIfAbsent(
            body[PROFILE.length] & 0xff, Arrays.copyOfRange(body, PROFILE.length + 2, body.length));
      }
      return next;
    }
    switch (marker) {
      case APP0 -> jfif(body);
      case APP1 -> {
        if (startsWith(body, EXIF)) {
          exif = exif.or(() -> Exif.of(body));
        } else if (startsWith(body, XMP)) {
          unkept.add("XMP");
        }
      }
      case APP2 -> {
        if (startsWith(body, MULTIPLE)) {
          unkept.add("further pictures of the file (MPF)");
        }
      }
      case APP11 -> unkept.add("content credentials (JUMBF)");
      case APP13 -> unkept.add("IPTC");
      case COMMENT -> unkept.add("a comment");
      default -> {
        if (marker >= BASELINE && marker <= 0xcf && !NO_FRAMES.contains(marker)) {
          frame(marker, body);
        }
      }
    }
    if (marker == SCAN) {
      scan(body);
      next = afterScan(next);
      if (!scanned) {
        // Profiles stand before the pictures' data, whatever they were worth.
        joinProfile();
        scanned = true;
      }
    }
    essential.write(file, at, next - at);
    return next;
  }

  private static boolean startsWith(byte[] bytes, byte[] start) {
    return bytes.length >= start.length
        && Arrays.equals(bytes, 0, start.length, start, 0, start.length);
  }

  private void jfif(byte[] body) {
    if (body.length >= 12 && startsWith(body, bytes("JFIF\0"))) {
      var fields = ByteBuffer.wrap(body);
      int x = Short.toUnsignedInt(fields.getShort(8));
      int y = Short.toUnsignedInt(fields.getShort(10));
      density =
          Optional.of(
                  switch (body[7]) {
                    case 1 -> Density.ofInches(x, y);
                    case 2 -> Density.ofCentimetres(x, y);
                    default -> new Density(x, y, false);
                  })
              .filter(Density::isKnown);
    }
  }

  private void frame(int marker, byte[] body) {
    if (body.length < 6 || !missing.isEmpty()) {
      return;
    }
    frame = marker;
    precision = body[0] & 0xff;
    for (int i = 6; i + 3 <= body.length; i += 3) {
      int[] bits = new int[COEFFICIENTS];
      Arrays.fill(bits, 16);
      missing.put(body[i] & 0xff, bits);
    }
  }

  private void scan(byte[] body) {
    int components = body.length == 0 ? 0 : body[0] & 0xff;
    if (body.length < 4 + 2 * components) {
      return;
    }
    boolean progressive = frame == PROGRESSIVE;
    int first = progressive ? body[1 + 2 * components] & 0xff : 0;
    int last = progressive ? body[2 + 2 * components] & 0xff : COEFFICIENTS - 1;
    int low = progressive ? body[3 + 2 * components] & 0xf : 0;
    for (int i = 0; i < components; i++) {
      int[] bits = missing.get(body[1 + 2 * i] & 0xff);
      if (bits != null && first <= last && last < COEFFICIENTS) {
        Arrays.fill(bits, first, last + 1, low);
      }
    }
  }

  /** Behind the data of a scan: at the next marker that is none of a restart. */
  private int afterScan(int from) {
    int at = from;
    while (at + 1 < file.length) {
      int marker = unsigned(at + 1);
      if (unsigned(at) != 0xff) {
        at++;
      } else if (marker == 0xff) {
        // Fill bytes, unless a zero makes the last of them data.
        int last = at + 1;
        while (last + 1 < file.length && unsigned(last) == 0xff && unsigned(last + 1) == 0xff) {
          last++;
        }
        int behind = last + 1 < file.length ? unsigned(last + 1) : 0xff;
        if (behind != 0 && !(behind >= 0xd0 && behind <= 0xd7)) {
          return at;
        }
        at = last;
      } else if (marker == 0 || (marker >= 0xd0 && marker <= 0xd7)) {
        at += 2;
      } else {
        return at;
      }
    }
    return at < file.length && unsigned(at) == 0xff ? at : file.length;
  }

  /** Joins the parts of the profile, and passes whole ones on to the decoder. */
  private void joinProfile() {
    if (profileSegments.isEmpty()) {
      return;
    }
    var joined = new ByteArrayOutputStream();
    parts.values().forEach(joined::writeBytes);
    boolean complete =
        counts.equals(Set.of(parts.size())) && parts.size() == profileSegments.size();
    for (int i = 1; i <= parts.size(); i++) {
      complete &= parts.containsKey(i);
    }
    byte[] icc = joined.toByteArray();
    profile = complete && ColourProfile.isWhole(icc) ? Optional.of(icc) : Optional.empty();
    if (profile.isPresent()) {
      profileSegments.forEach(essential::writeBytes);
    } else {
      notes.add(ColourProfile.BROKEN);
    }
    profileSegments.clear();
  }

  /** What a decoder needs of the file; it always ends as it should. */
  byte[] essential() {
    return ended && notes.isEmpty() ? file : essential.toByteArray();
  }

  /** What is odd about the file, for people. */
  List<String> notes() {
    return notes;
  }

  /** What it carries beside what is read here, for people. */
  List<String> unkept() {
    return List.copyOf(unkept);
  }

  /** The Exif data, where it has some. */
  Optional<Exif> exif() {
    return exif;
  }

  /** The density, where one is said. */
  Optional<Density> density() {
    return density.or(() -> exif.flatMap(Exif::density));
  }

  /** The colour profile, where it is whole. */
  Optional<byte[]> profile() {
    return profile.map(byte[]::clone);
  }

  /** Whether it has one component alone. */
  boolean grey() {
    return missing.size() == 1;
  }

  /** Whether the file has its end marker. */
  boolean ended() {
    return ended;
  }

  /** Whether every bit of every coefficient was announced by a scan. */
  boolean scansComplete() {
    return !missing.isEmpty()
        && missing.values().stream()
            .allMatch(bits -> Arrays.stream(bits).allMatch(low -> low == 0));
  }

  /** The way of coding, where decoders cannot read it. */
  Optional<String> unsupported() {
    if (frame > LOSSLESS) {
      return Optional.of(frame > 0xc8 ? "one with arithmetic coding" : "a hierarchical one");
    }
    boolean deep = (frame == EXTENDED || frame == PROGRESSIVE) && precision > 8;
    return deep ? Optional.of("one of " + precision + " bits a sample") : Optional.empty();
  }
}
