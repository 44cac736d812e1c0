package org.drag4j.geometry;

/** An edit document is damaged, says what cannot be done, or does not fit its picture. */
public final class EditDocumentException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final int SHOWN = 100;

  private final String where;
  private final String problem;

  /**
   * Makes the message <em>where: expected X, got Y; what to do</em>. Texts from outside go through
   * {@link #quote} first.
   */
  public EditDocumentException(String where, String expected, String got, String remedy) {
    this(where, "expected " + expected + ", got " + got + "; " + remedy);
  }

  private EditDocumentException(String where, String problem) {
    super(where + ": " + problem);
    this.where = where;
    this.problem = problem;
  }

  /** A complaint of the geometry about the shapes in this field. */
  public static EditDocumentException about(String where, IllegalArgumentException shapes) {
    return new EditDocumentException(where, String.valueOf(shapes.getMessage()));
  }

  /** The place: a file, and the path of a field in it. */
  public String where() {
    return where;
  }

  /** The same complaint about a field of {@code object}. */
  public EditDocumentException inside(String object) {
    return new EditDocumentException(object + "." + where, problem);
  }

  /** The same complaint about the document {@code origin}. */
  public EditDocumentException in(String origin) {
    return new EditDocumentException(origin + ": " + where, problem);
  }

  /** Text from outside, quoted, shortened and free of control characters. */
  public static String quote(String text) {
    return '"' + printable(text) + '"';
  }

  /** A number as people write it. */
  public static String plain(double value) {
    return value == (long) value ? String.valueOf((long) value) : String.valueOf(value);
  }

  /** Text from outside, shortened and free of control characters. */
  public static String printable(String text) {
    var out = new StringBuilder();
    for (int i = 0; i < Math.min(text.length(), SHOWN); i++) {
      char c = text.charAt(i);
      switch (Character.getType(c)) {
        case Character.CONTROL,
            Character.FORMAT,
            Character.LINE_SEPARATOR,
            Character.PARAGRAPH_SEPARATOR,
            Character.SURROGATE ->
            out.append("\\u").append(Integer.toHexString(0x10000 + c), 1, 5);
        default -> out.append(c);
      }
    }
    return text.length() > SHOWN ? out + "..." : out.toString();
  }
}
