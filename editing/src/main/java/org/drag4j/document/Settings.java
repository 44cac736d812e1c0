package org.drag4j.document;

import java.io.StringWriter;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.drag4j.geometry.EditDocumentException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The components of a parameter record, each with its range, default and meaning by its {@link
 * Setting}: the one place from which documents are read, written and described.
 *
 * @param <R> a record whose every component has a {@link Setting}
 */
public final class Settings<R extends Record> {
  private static final JsonFactory JSON = new JsonFactory();
  private static final JsonMapper MAPPER = new JsonMapper();

  private static final ClassValue<Settings<?>> KNOWN =
      new ClassValue<>() {
        @Override
        protected Settings<?> computeValue(Class<?> type) {
          return new Settings<>(type.asSubclass(Record.class));
        }
      };

  /** The component under which the paper's values hold where a document names no others. */
  static final String FAITHFUL = "faithful";

  /**
   * A component as a page or a form shows it.
   *
   * @param name in a document
   * @param type what it takes, in words
   * @param range in words; may be empty
   * @param standard its default as a document spells it, or in words what holds without one
   * @param help what it does
   */
  public record Option(String name, String type, String range, String standard, String help) {}

  /** A component, and its values where a document says nothing. */
  private record Part(
      RecordComponent component,
      Setting setting,
      SettingType type,
      Object standard,
      Object format1,
      @Nullable Object faithful) {
    static Part of(RecordComponent component) {
      var setting = component.getAnnotation(Setting.class);
      if (setting == null) {
        throw new IllegalArgumentException("it has no @Setting");
      }
      component.getAccessor().setAccessible(true);
      var type = SettingType.of(component.getGenericType(), setting);
      var standard = type.parse(setting.standard());
      // A document can leave it out, and not say that it is absent.
      if (type instanceof SettingType.Maybe
          && (!standard.equals(Optional.empty()) || !setting.faithful().equals(Setting.SAME))) {
        throw new IllegalArgumentException("what is optional is absent by default");
      }
      return new Part(
          component,
          setting,
          type,
          standard,
          setting.format1().equals(Setting.SAME) ? standard : type.parse(setting.format1()),
          setting.faithful().equals(Setting.SAME) ? null : type.parse(setting.faithful()));
    }

    String name() {
      return component.getName();
    }

    Object of(Record values) {
      return Settings.value(component, values);
    }

    /** Its value in a document that leaves it out; the paper's values are none of format 1. */
    Object left(Format format, boolean paper) {
      if (format == Format.V1) {
        return format1;
      }
      return paper && faithful != null ? faithful : standard;
    }
  }

  private final Constructor<R> constructor;
  private final List<Part> parts = new ArrayList<>();
  private final List<String> names;

  private Settings(Class<R> type) {
    var components = type.getRecordComponents();
    for (var component : components) {
      try {
        parts.add(Part.of(component));
      } catch (IllegalArgumentException | EditDocumentException e) {
        throw new IllegalStateException(
            type.getName() + "." + component.getName() + ": " + e.getMessage(), e);
      }
    }
    names = parts.stream().map(Part::name).toList();
    try {
      constructor =
          type.getDeclaredConstructor(
              Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
      constructor.setAccessible(true);
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException(type.getName() + " has no canonical constructor", e);
    }
  }

  /**
   * The settings of a record class.
   *
   * @throws IllegalStateException where a component has no {@link Setting}, or one that cannot be
   */
  @SuppressWarnings("unchecked") // each class is entered with its own
  public static <R extends Record> Settings<R> of(Class<R> type) {
    return (Settings<R>) KNOWN.get(type);
  }

  /** The settings of a record's class. */
  public static Settings<?> of(Record values) {
    return of(values.getClass());
  }

  /** Names of the components in a document, in order. */
  public List<String> names() {
    return names;
  }

  /** Names of the components that a document of this format can say, in order. */
  List<String> names(Format format) {
    return parts.stream()
        .filter(part -> part.setting().since().compareTo(format) <= 0)
        .map(Part::name)
        .toList();
  }

  /** The components in order, described. */
  public List<Option> options() {
    return parts.stream()
        .map(part ->
            new Option(
                part.name(),
                part.type().name(),
                part.type().range(),
                standard(part),
                part.setting().help()))
        .toList();
  }

  /**
   * What each component takes, its default and what it does, for a terminal.
   *
   * @param prefix of the names
   */
  public String help(String prefix) {
    var text = new StringBuilder();
    for (var option : options()) {
      text.append(prefix).append(option.name()).append(": ").append(option.type());
      if (!option.range().isEmpty()) {
        text.append(", ").append(option.range());
      }
      text.append("; default ").append(option.standard());
      text.append("\n    ").append(option.help()).append('\n');
    }
    return text.toString().replace("`", "");
  }

  /** The rows of a table of {@link #options}, in Markdown: field, type, range, default, meaning. */
  public String table() {
    var rows = new StringBuilder();
    for (var option : options()) {
      rows.append("| `").append(option.name()).append("` |");
      for (var cell : List.of(option.type(), option.range(), option.standard(), option.help())) {
        rows.append(cell.isEmpty() ? " |" : " " + cell + " |");
      }
      rows.append('\n');
    }
    return rows.toString();
  }

  private static String standard(Part part) {
    if (!part.setting().absent().isEmpty()) {
      return part.setting().absent();
    }
    String value = spelled(part, part.standard());
    return part.faithful() == null
        ? value
        : value + ", with `" + FAITHFUL + "` " + spelled(part, part.faithful());
  }

  private static String spelled(Part part, Object value) {
    String text = value.equals("") ? "\"\"" : json(part.type(), value).replace(",", ", ");
    return "`" + (text.length() > 2 ? text.replaceAll("^\"|\"$", "") : text) + "`";
  }

  /** The record of a document of this format that says nothing. */
  public R defaults(Format format) {
    return filled(new Object[parts.size()], format);
  }

  /**
   * The same record with other values of some components.
   *
   * @throws IllegalArgumentException for a name that is none of {@link #names}
   */
  public R with(R values, Map<String, ?> changes) {
    if (!names.containsAll(changes.keySet())) {
      throw new IllegalArgumentException("expected some of " + names + ", got " + changes.keySet());
    }
    return made(
        parts.stream()
            .map(part ->
                Optional.<Object>ofNullable(changes.get(part.name()))
                    .orElseGet(() -> part.of(values)))
            .toArray());
  }

  /**
   * Reads an object token by token; what it leaves out takes its default.
   *
   * @param path where the object stands, as messages name it
   * @param known all fields it may have, in order
   * @param other reads the value of those that are no components
   */
  R read(Tokens tokens, String path, Format format, List<String> known, Consumer<String> other) {
    var said = new Object[parts.size()];
    tokens.open(path);
    while (tokens.more()) {
      String field = tokens.field(path, known);
      int i = names.indexOf(field);
      if (i < 0) {
        other.accept(field);
      } else {
        said[i] = parts.get(i).type().read(tokens, path + "." + field);
      }
    }
    try {
      return filled(said, format);
    } catch (EditDocumentException e) {
      throw e.inside(path);
    }
  }

  private R filled(@Nullable Object[] said, Format format) {
    var values = new Object[said.length];
    boolean paper = false;
    int faithful = names.indexOf(FAITHFUL);
    if (faithful >= 0) {
      var value = said[faithful];
      paper = (value == null ? parts.get(faithful).left(format, false) : value).equals(true);
    }
    for (int i = 0; i < values.length; i++) {
      var value = said[i];
      values[i] = value == null ? parts.get(i).left(format, paper) : value;
    }
    return made(values);
  }

  private R made(Object[] values) {
    try {
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException refusal) {
        throw refusal;
      }
      throw new IllegalStateException(e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * The components that {@code faithful} decides: at their default, which another value of it
   * changes.
   */
  static List<String> decided(Record values) {
    boolean paper = value(values, FAITHFUL).equals(Optional.of(true));
    return of(values).parts.stream()
        .filter(
            part -> part.faithful() != null && part.of(values).equals(part.left(Format.V2, paper)))
        .map(Part::name)
        .toList();
  }

  /** Writes all components as fields of the object that is open. */
  void write(JsonGenerator g, Record values) {
    for (var part : parts) {
      write(g, part.name(), part.type(), part.of(values));
    }
  }

  private static void write(JsonGenerator g, String name, SettingType type, Object value) {
    if (!value.equals(Optional.empty())) {
      g.writeName(name);
      type.write(g, value);
    }
  }

  /**
   * Checks ranges, as the reader does: for records that code makes.
   *
   * @throws EditDocumentException naming the component that is out of its range
   */
  public static void check(Record values) {
    for (var part : of(values).parts) {
      part.type().check(part.name(), part.of(values));
    }
  }

  /** The value of a component; empty where there is none of that name, or it is absent. */
  public static Optional<Object> value(Record values, String name) {
    var settings = of(values);
    int i = settings.names.indexOf(name);
    if (i < 0) {
      return Optional.empty();
    }
    var value = settings.parts.get(i).of(values);
    return value instanceof Optional<?> optional ? optional.map(o -> o) : Optional.of(value);
  }

  /**
   * The values that a picture's line of parameters shows, by their {@link Setting#label}; choices
   * as a document spells them.
   */
  public static Map<String, Object> labelled(Record values) {
    var shown = new LinkedHashMap<String, Object>();
    for (var part : of(values).parts) {
      String label = part.setting().label();
      if (!label.isEmpty()) {
        value(values, part.name())
            .map(value -> value instanceof Enum<?> choice ? SettingType.json(choice) : value)
            .ifPresent(value -> shown.put(label, value));
      }
    }
    return shown;
  }

  /**
   * A record as compact JSON, the same text for equal records only: what a stored result is found
   * by. Its components need no {@link Setting}.
   */
  public static String text(Record values) {
    var text = new StringWriter();
    try (var g = JSON.createGenerator(ObjectWriteContext.empty(), text)) {
      g.writeStartObject();
      for (var component : values.getClass().getRecordComponents()) {
        component.getAccessor().setAccessible(true);
        write(
            g,
            component.getName(),
            SettingType.of(component.getGenericType(), null),
            value(component, values));
      }
      g.writeEndObject();
    }
    return text.toString();
  }

  private static Object value(RecordComponent component, Record values) {
    try {
      return component.getAccessor().invoke(values);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(component + " cannot be read", e);
    }
  }

  /** The JSON schema of an object with these fields. */
  ObjectNode schema() {
    var object = MAPPER.createObjectNode();
    object.put("type", "object");
    object.put("additionalProperties", false);
    var properties = object.putObject("properties");
    for (var part : parts) {
      var field = properties.putObject(part.name());
      part.type().describe(field);
      if (part.setting().absent().isEmpty()) {
        field.set("default", MAPPER.readTree(json(part.type(), part.standard())));
      }
      field.put("description", description(part.setting()));
    }
    return object;
  }

  private static String description(Setting setting) {
    String help = setting.help();
    String sentence = Character.toUpperCase(help.charAt(0)) + help.substring(1) + ".";
    return setting.absent().isEmpty() ? sentence : sentence + " Default: " + setting.absent() + ".";
  }

  private static String json(SettingType type, Object value) {
    var text = new StringWriter();
    try (var g = JSON.createGenerator(ObjectWriteContext.empty(), text)) {
      type.write(g, value);
    }
    return text.toString();
  }
}
