package org.drag4j.method;

import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.picture.Picture;

/** What an editing method makes. */
public sealed interface Result {
  /** Which pixels moved where, in the frame's window at the picture's own size. */
  Mapping moved();

  /**
   * A latent, to be decoded.
   *
   * @param latent {@code [H, W, C]}, scaled
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Latent(float[] latent, Mapping moved) implements Result {}

  /**
   * Pixels of the frame's window at the picture's own size.
   *
   * @param where they replace the original's
   */
  record Pixels(Picture picture, RegionMask where, Mapping moved) implements Result {}
}
