package org.drag4j.document;

import org.drag4j.geometry.RegionMask;

/** Finds the painted masks that a document names. */
@FunctionalInterface
public interface MaskSource {
  /** Knows no masks: for documents that come without their files. */
  MaskSource NONE =
      name -> {
        throw new EditDocumentException(
            EditDocumentException.quote(name),
            "a document without painted masks",
            "the name of one",
            "draw a polygon");
      };

  /**
   * The mask of that name, at its own size.
   *
   * @param name a relative path that stays in the document's folder
   */
  RegionMask read(String name);
}
