package org.drag4j.method;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.drag4j.document.EditDocument;
import org.drag4j.document.Format;
import org.drag4j.document.MethodTable;
import org.drag4j.document.Settings;

/** The table of methods: one line each. */
public final class Methods {
  private static final Map<String, Class<? extends Record>> KNOWN = new LinkedHashMap<>();

  static {
    add("regiondrag", RegionDrag.class);
    add("sdedrag", SdeDrag.class);
  }

  /** The only method of the first format, and that of a document that names none. */
  private static final String FIRST = KNOWN.keySet().iterator().next();

  /** The methods that documents can name. */
  public static final MethodTable TABLE =
      new MethodTable() {
        @Override
        public List<String> names(Format format) {
          return switch (format) {
            case V1 -> List.of(FIRST);
            case V2 -> List.copyOf(KNOWN.keySet());
          };
        }

        @Override
        public String standard(Format format) {
          return FIRST;
        }

        @Override
        public Settings<?> settings(String name) {
          return Methods.settings(name);
        }
      };

  private Methods() {}

  private static <M extends Record & EditMethod> void add(String name, Class<M> method) {
    KNOWN.put(name, method);
  }

  /** The names, in the order in which they are listed. */
  public static List<String> names() {
    return List.copyOf(KNOWN.keySet());
  }

  /** The classes of the methods, in the order of {@link #names}. */
  public static List<Class<? extends Record>> classes() {
    return List.copyOf(KNOWN.values());
  }

  /**
   * The parameters of a method.
   *
   * @throws IllegalArgumentException for a name that is none of {@link #names}
   */
  public static Settings<?> settings(String name) {
    var method = KNOWN.get(name);
    if (method == null) {
      throw new IllegalArgumentException(
          "method: expected one of " + String.join(", ", KNOWN.keySet()) + ", got " + name);
    }
    return Settings.of(method);
  }

  /** The default method with its defaults. */
  public static EditDocument.Method standard() {
    return new EditDocument.Method(FIRST, settings(FIRST).defaults(Format.V2));
  }

  /** A method by its parameters. */
  public static EditDocument.Method named(EditMethod method) {
    for (var known : KNOWN.entrySet()) {
      if (known.getValue().isInstance(method)) {
        return new EditDocument.Method(known.getKey(), known.getValue().cast(method));
      }
    }
    throw new IllegalArgumentException(
        "method: expected one of " + String.join(", ", KNOWN.keySet()) + ", got another one");
  }

  /** The method of a document, with the document's parameters. */
  public static EditMethod of(EditDocument document) {
    return (EditMethod) document.method().parameters();
  }
}
