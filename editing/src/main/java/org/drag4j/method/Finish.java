package org.drag4j.method;

/**
 * What becomes of a method's result.
 *
 * @param window whether a picture larger than the model sees is edited in a window around what may
 *     change, unless the document says otherwise
 * @param composite whether what may not change is put back where the user drew no mask
 * @param truncated whether levels are cut to whole numbers instead of rounded, where nothing is
 *     blended
 * @param blended whether details that the autoencoder loses come back and the seam is hidden, as
 *     the document says
 */
public record Finish(boolean window, boolean composite, boolean truncated, boolean blended) {
  /** A window, the original around the change, levels rounded, details. */
  public static final Finish DEFAULT = new Finish(true, true, false, true);

  /** The picture as the model makes it, as papers' programs save it. */
  public static final Finish PLAIN = new Finish(false, false, true, false);
}
