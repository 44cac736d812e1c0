package org.drag4j.method;

import java.util.Optional;
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
   * @param copied where whole cells could not carry content to where it should be
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Latent(float[] latent, Mapping moved, Optional<Copied> copied) implements Result {
    /** A latent whose content is where it should be. */
    public Latent(float[] latent, Mapping moved) {
      this(latent, moved, Optional.empty());
    }
  }

  /**
   * Pairs of pixels as the model sees them.
   *
   * @param wanted which should come from where
   * @param done which came from where, by whole cells
   */
  record Copied(Mapping wanted, Mapping done) {}

  /**
   * Pixels of the frame's window at the picture's own size.
   *
   * @param where they replace the original's
   */
  record Pixels(Picture picture, RegionMask where, Mapping moved) implements Result {}
}
