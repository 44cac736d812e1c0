package org.drag4j.document;

/** The versions of the format that are read; the last one is written. */
public enum Format {
  /** One picture a document, a handle in every drag, one method. */
  V1("drag-edit/1"),
  /** Further pictures, arrows without a handle, moves, several methods. */
  V2(EditDocument.FORMAT);

  private final String text;

  Format(String text) {
    this.text = text;
  }

  /** Name and version as they stand in a document. */
  public String text() {
    return text;
  }
}
