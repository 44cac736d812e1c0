package org.drag4j.picture;

import java.util.List;
import org.drag4j.tests.fuzz.Invariants;

/**
 * What containers say beside the pixels: orientations in JPEG, WebP and TIFF, and colour profiles.
 * Whatever they say, a picture comes out, of as many pixels.
 */
public final class PictureSegmentsFuzz {
  private static final int LONGEST_PROFILE = 1 << 16;
  private static final Picture PICTURE =
      Picture.of(2, 1, new byte[] {1, 2, 3, (byte) 200, (byte) 220, (byte) 240});

  private PictureSegmentsFuzz() {}

  /** One input. */
  public static void fuzzerTestOneInput(byte[] data) {
    Invariants.bounded(data.length, () -> check(data));
  }

  private static void check(byte[] data) {
    switch (FileKind.of(data)) {
      case JPEG -> jpeg(data);
      case WEBP -> webp(data);
      default -> Exif.of(data).ifPresent(PictureSegmentsFuzz::turned);
    }
    if (data.length <= LONGEST_PROFILE) {
      coloured(data);
    }
  }

  /** Nothing is odd about what is left of an odd file. */
  private static void jpeg(byte[] data) {
    var jpeg = JpegFile.parse(data);
    var again = JpegFile.parse(jpeg.essential());
    Invariants.same(List.of(), again.notes());
    Invariants.same(true, again.ended());
    Invariants.same(jpeg.exif(), again.exif());
    Invariants.same(jpeg.density(), again.density());
    jpeg.exif().ifPresent(PictureSegmentsFuzz::turned);
  }

  private static void webp(byte[] data) {
    try {
      var webp = WebpFile.parse("a.webp", data);
      var again = WebpFile.parse("b.webp", webp.essential());
      Invariants.same(webp.exif(), again.exif());
      webp.exif().ifPresent(PictureSegmentsFuzz::turned);
      webp.profile().ifPresent(PictureSegmentsFuzz::coloured);
    } catch (PictureException e) {
      Invariants.refusal("a.webp", e);
    }
  }

  private static void coloured(byte[] profile) {
    ColourProfile.of(profile).ifPresent(p -> Invariants.same(2, p.toSrgb(PICTURE).width()));
  }

  private static void turned(Exif exif) {
    var orientation = exif.orientation();
    Invariants.same(1, exif.upright(2, 1).orientation().number());
    Invariants.same(true, exif.density().map(Density::isKnown).orElse(true));
    var upright = orientation.upright(PICTURE);
    Invariants.same(orientation.number() >= 5 ? 1 : 2, upright.width());
    Invariants.same(2, upright.width() * upright.height());
  }
}
