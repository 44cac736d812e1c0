package org.drag4j.method;

import org.drag4j.pipeline.CancelledException;

/** A way to edit a picture in latent space. */
public interface EditMethod {
  /**
   * The latent of the edited picture, {@code [H, W, C]}, scaled.
   *
   * @throws CancelledException where the user stopped the work
   */
  float[] edit(Editing e);
}
