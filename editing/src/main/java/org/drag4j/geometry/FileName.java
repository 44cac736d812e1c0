package org.drag4j.geometry;

import java.util.List;

/** The name of a file that comes with an edit document; it means the same on every system. */
public final class FileName {
  private static final int MAX = 16_384;

  private FileName() {}

  /**
   * Checks a name: relative and inside the document's folder.
   *
   * @throws EditDocumentException if it is empty, absolute or leaves the folder
   */
  public static void requireInside(String where, String name) {
    boolean odd = name.isBlank() || name.length() > MAX || name.indexOf('\0') >= 0;
    if (odd || isAbsolute(name) || List.of(name.split("[/\\\\]")).contains("..")) {
      throw new EditDocumentException(
          where,
          "a relative file name without ..",
          EditDocumentException.quote(name),
          "put the file beside the document");
    }
  }

  /** Whether a name is absolute on any system. */
  public static boolean isAbsolute(String name) {
    return name.startsWith("/") || name.startsWith("\\") || name.matches("(?s)[A-Za-z]:.*");
  }
}
