package org.drag4j.engine;

import java.io.StringWriter;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Values as JSON on one line. A {@code JsonMapper} does the same, and takes a fifth of a second to
 * load the classes for all that it could do beside.
 */
public final class JsonText {
  private static final JsonFactory FACTORY = new JsonFactory();

  private JsonText() {}

  /**
   * The JSON of a value.
   *
   * @param value maps by name, lists, texts, numbers, truth values and nulls of each other
   * @throws IllegalArgumentException where there is something else among them
   */
  public static String of(@Nullable Object value) {
    var text = new StringWriter();
    try (var g = FACTORY.createGenerator(ObjectWriteContext.empty(), text)) {
      write(g, value);
    }
    return text.toString();
  }

  private static void write(JsonGenerator g, @Nullable Object value) {
    switch (value) {
      case null -> g.writeNull();
      case String text -> g.writeString(text);
      case Boolean truth -> g.writeBoolean(truth);
      case Integer number -> g.writeNumber(number);
      case Long number -> g.writeNumber(number);
      case Float number -> g.writeNumber(number);
      case Double number -> g.writeNumber(number);
      case Map<?, ?> map -> {
        g.writeStartObject();
        map.forEach((name, of) -> {
          g.writeName(String.valueOf(name));
          write(g, of);
        });
        g.writeEndObject();
      }
      case Iterable<?> list -> {
        g.writeStartArray();
        list.forEach(of -> write(g, of));
        g.writeEndArray();
      }
      default ->
          throw new IllegalArgumentException(
              "no JSON is known for a " + value.getClass().getName());
    }
  }
}
