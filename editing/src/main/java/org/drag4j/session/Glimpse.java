package org.drag4j.session;

import java.util.function.Supplier;
import org.drag4j.picture.Picture;

/** Sees a picture take form: the latent after each step as a small picture, at hardly any cost. */
@FunctionalInterface
public interface Glimpse {
  /** Looks away. */
  Glimpse NONE = (_, _, _) -> {};

  /**
   * A step of the way back is done.
   *
   * @param picture of what the model sees, noise included, a pixel for each cell of the latent
   *     grid; made when it is asked for
   */
  void at(int step, int steps, Supplier<Picture> picture);
}
