package org.drag4j.document;

import java.util.List;

/** The methods that documents can name: a document knows their names and parameters, no more. */
public interface MethodTable {
  /** The names that documents of this format know. */
  List<String> names(Format format);

  /** The method of a document of this format that names none. */
  String standard(Format format);

  /**
   * The parameters of a method.
   *
   * @throws IllegalArgumentException for a name that is none of {@link #names}
   */
  Settings<?> settings(String name);
}
