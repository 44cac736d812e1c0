package org.drag4j.picture;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a file is, by its first bytes and whatever its name. */
enum FileKind {
  PNG,
  JPEG,
  WEBP,
  BMP,
  OTHER;

  private static final int START = 512;

  private static final String UNSUPPORTED = ", which is not supported";
  private static final String EXPORT = "save or export it as PNG or JPEG";
  private static final String DOWNLOAD = "download the picture itself";

  /**
   * A kind that is known by name, and not read.
   *
   * @param start of its files, a character for each byte
   */
  private record Unread(String start, String name, String remedy) {}

  private static final List<Unread> UNREAD =
      List.of(
          picture("GIF87a", "a GIF picture"),
          picture("GIF89a", "a GIF picture"),
          picture("II*\0", "a TIFF picture or a camera's raw file"),
          picture("MM\0*", "a TIFF picture or a camera's raw file"),
          picture("II+\0", "a TIFF picture"),
          picture("MM\0+", "a TIFF picture"),
          picture("\0\0\0\fJXL ", "a JPEG XL picture"),
          picture("\u00ff\n", "a JPEG XL picture"),
          picture("\0\0\0\fjP  ", "a JPEG 2000 picture"),
          picture("\u00ffO\u00ffQ", "a JPEG 2000 picture"),
          picture("8BPS", "a Photoshop file"),
          picture("gimp xcf", "a GIMP file"),
          picture("v/1\u0001", "an OpenEXR picture"),
          picture("#?RADIANCE", "a Radiance picture"),
          picture("\0\0\u0001\0", "an icon file (ICO)"),
          picture("%PDF", "a PDF file"),
          picture("%!PS", "a PostScript file"),
          picture("qoif", "a QOI picture"),
          new Unread(
              "version https://git-lfs", "a Git LFS pointer, not the file", "run git lfs pull"));

  /** Brands of the box that begins a file of ISO/IEC 14496-12. */
  private static final List<String> AVIF = List.of("avif", "avis");

  private static final List<String> HEIC =
      List.of("heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1");

  private static Unread picture(String start, String name) {
    return new Unread(start, name + UNSUPPORTED, EXPORT);
  }

  static FileKind of(byte[] file) {
    String start = start(file);
    if (PngFile.matches(file)) {
      return PNG;
    }
    if (start.startsWith("\u00ff\u00d8\u00ff")) {
      return JPEG;
    }
    if (start.startsWith("RIFF") && start.startsWith("WEBP", 8)) {
      return WEBP;
    }
    return start.startsWith("BM") ? BMP : OTHER;
  }

  private static String start(byte[] file) {
    return new String(file, 0, Math.min(file.length, START), StandardCharsets.ISO_8859_1);
  }

  /** The refusal of a file of another kind: what it is, and what to do. */
  static PictureException refusal(Object origin, byte[] file) {
    var known = unread(file);
    return new PictureException(
        origin,
        "a PNG, JPEG, WebP or BMP picture",
        known
            .map(Unread::name)
            .orElse(
                file.length == 0 ? "an empty file" : "a file of another kind, whatever its name"),
        known.map(Unread::remedy).orElse(file.length == 0 ? "fetch it again" : "convert it"));
  }

  private static Optional<Unread> unread(byte[] file) {
    String start = start(file);
    if (start.startsWith("ftyp", 4)) {
      return Optional.of(boxed(file));
    }
    var listed = UNREAD.stream().filter(kind -> start.startsWith(kind.start())).findFirst();
    if (listed.isPresent()) {
      return listed;
    }
    if (start.matches("(?s)P[1-7]\\s.*")) {
      return Optional.of(picture("", "a PNM picture"));
    }
    String text = start.strip().toLowerCase(Locale.ROOT);
    if (text.startsWith("<!doctype html") || text.startsWith("<html")) {
      return Optional.of(new Unread("", "a web page", DOWNLOAD));
    }
    if (text.startsWith("<svg") || (text.startsWith("<?xml") && text.contains("<svg"))) {
      return Optional.of(picture("", "an SVG drawing"));
    }
    return Optional.empty();
  }

  /** HEIC and AVIF share their box with each other and with videos: the brands tell. */
  private static Unread boxed(byte[] file) {
    String box = start(file);
    int length = Math.clamp((file[2] & 0xff) << 8 | (file[3] & 0xff), 8, box.length());
    var brands = new ArrayList<String>();
    for (int at = 8; at + 4 <= length; at += 4) {
      brands.add(box.substring(at, at + 4));
    }
    String name =
        !Collections.disjoint(brands, AVIF)
            ? "an AVIF picture"
            : !Collections.disjoint(brands, HEIC)
                ? "a HEIC picture"
                : brands.contains("crx ") ? "a camera's raw file" : "a video";
    return picture("", name);
  }
}
