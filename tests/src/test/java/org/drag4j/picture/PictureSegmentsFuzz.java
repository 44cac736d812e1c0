package org.drag4j.picture;

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
    turned(Orientation.ofJpeg(data));
    turned(Orientation.ofWebp(data));
    turned(Orientation.ofTiff(data));
    var chunk = Orientation.webpChunk(data, "ICCP").orElse(data);
    if (chunk.length <= LONGEST_PROFILE) {
      ColourProfile.of(chunk)
          .ifPresent(profile -> Invariants.same(2, profile.toSrgb(PICTURE).width()));
    }
  }

  private static void turned(Orientation orientation) {
    var upright = orientation.upright(PICTURE);
    Invariants.same(orientation.number() >= 5 ? 1 : 2, upright.width());
    Invariants.same(2, upright.width() * upright.height());
  }
}
