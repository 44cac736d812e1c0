package org.drag4j.method;

/**
 * What becomes of a method's result.
 *
 * @param window whether a picture larger than the model sees is edited in a window around what may
 *     change, unless the document says otherwise
 * @param composite whether what may not change is put back where the user drew no mask
 * @param truncated whether levels are cut to whole numbers instead of rounded
 */
public record Finish(boolean window, boolean composite, boolean truncated) {
  /** A window, the original around the change, levels rounded. */
  public static final Finish DEFAULT = new Finish(true, true, false);

  /** The picture as the model makes it, as papers' programs save it. */
  public static final Finish PLAIN = new Finish(false, false, true);
}
