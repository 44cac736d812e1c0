package org.drag4j.picture;

import java.util.Arrays;

/** What the file of a picture in sRGB says about its colours: chunks of a PNG. */
public final class ColourTag {
  /** That they are those of sRGB, for pictures: perceptual. */
  static final ColourTag SRGB = new ColourTag(PngFile.chunk("sRGB", new byte[1]));

  private final byte[] chunks;

  /** Takes ownership of whole chunks. */
  ColourTag(byte[] chunks) {
    this.chunks = chunks;
  }

  /** A copy of the chunks. */
  byte[] chunks() {
    return chunks.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ColourTag that && Arrays.equals(chunks, that.chunks);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(chunks);
  }
}
