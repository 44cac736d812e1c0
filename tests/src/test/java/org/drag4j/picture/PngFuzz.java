package org.drag4j.picture;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import org.drag4j.engine.Metadata;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.method.Documents;
import org.drag4j.tests.fuzz.Invariants;

/**
 * Chunks and pixels of PNG files: refused by their exception, or texts and pixels are the same when
 * written again. Every input is tried as it is, and with the checksums that mutation alone never
 * gets right.
 */
public final class PngFuzz {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a};

  private static final int MAX_PIXELS = 1 << 14;

  private PngFuzz() {}

  /** One input. */
  public static void fuzzerTestOneInput(byte[] data) {
    Invariants.bounded(data.length, () -> check(data));
    byte[] repaired = repaired(data);
    Invariants.bounded(repaired.length, () -> check(repaired));
  }

  /** The same chunks behind a signature, each with its checksum. */
  private static byte[] repaired(byte[] data) {
    var file =
        PngFile.matches(data)
            ? ByteBuffer.wrap(data.clone()).position(SIGNATURE.length)
            : ByteBuffer.allocate(SIGNATURE.length + data.length)
                .put(SIGNATURE)
                .put(SIGNATURE.length, data);
    while (file.remaining() >= 12) {
      int length = file.getInt();
      if (length < 0 || length > file.remaining() - 8) {
        break;
      }
      var crc = new CRC32();
      crc.update(file.array(), file.position(), 4 + length);
      file.position(file.position() + 4 + length).putInt((int) crc.getValue());
    }
    return file.array();
  }

  private static void check(byte[] data) {
    PngFile png;
    try {
      png = PngFile.parse("a.png", data);
    } catch (PictureException e) {
      Invariants.refusal("a.png", e);
      return;
    }
    var again =
        PngFile.parse("b.png", PngFile.with(png.essential(), PictureMetadata.of(png.texts())));
    Invariants.same(png.texts(), again.texts());
    Invariants.same(png.width(), again.width());
    pixels(png);
    png.exif().map(exif -> exif.upright(1, 1).orientation()).ifPresent(PngFuzz::known);
    var document = png.texts().get(Metadata.DOCUMENT);
    if (document != null) {
      try {
        var _ = Documents.parse("c.json", document.getBytes(StandardCharsets.UTF_8));
      } catch (EditDocumentException e) {
        Invariants.refusal("c.json", e);
      }
    }
  }

  /** Small pictures only: a header alone may ask for as much memory as the largest there are. */
  private static void pixels(PngFile png) {
    long pixels = (long) png.width() * png.height();
    if (png.width() < 1 || png.height() < 1 || pixels > MAX_PIXELS) {
      return;
    }
    try {
      var picture = PngPixels.read(png.essential());
      if (picture.isPresent()) {
        Invariants.same(picture, PngPixels.read(PngPixels.write(picture.get())));
      }
    } catch (DataFormatException e) {
      // Refused.
    }
  }

  private static void known(Orientation orientation) {
    Invariants.same(true, orientation.number() >= 1 && orientation.number() <= 8);
  }
}
