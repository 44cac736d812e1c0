package org.drag4j.document;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.drag4j.geometry.EditDocumentException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.node.ObjectNode;

/** What a component of a parameter record holds: how it is read, written, checked and described. */
sealed interface SettingType {
  /** The value the parser is at. */
  Object read(Tokens tokens, String path);

  /** Writes a value that is there. */
  void write(JsonGenerator g, Object value);

  /**
   * Refuses a value out of range.
   *
   * @throws EditDocumentException naming the field
   */
  void check(String path, Object value);

  /** Adds its keywords to a field's schema. */
  void describe(ObjectNode schema);

  /** Its type in words. */
  String name();

  /** Its range in words; "" where the type says all. */
  String range();

  /** A value as an annotation spells it. */
  default Object parse(String text) {
    return Tokens.read("a default", text, tokens -> read(tokens, "value"));
  }

  /** The type of a component; without a setting it can be written only. */
  static SettingType of(Type type, @Nullable Setting setting) {
    double least = setting == null ? 0 : setting.least();
    double most = setting == null ? 0 : setting.most();
    String form = setting == null ? "" : setting.form();
    if (type == int.class || type == Integer.class) {
      return new Whole(false, bounded(type, setting, least), most, form);
    }
    if (type == long.class || type == Long.class) {
      return new Whole(true, bounded(type, setting, least), most, form);
    }
    if (type == double.class || type == Double.class) {
      return new Real(bounded(type, setting, least), most, form);
    }
    if (type == boolean.class || type == Boolean.class) {
      return new Flag();
    }
    if (type == StepRange.class) {
      return new Steps(bounded(type, setting, least), most);
    }
    if (type == String.class) {
      return new Text(
          most == 0 ? EditDocument.MAX_TEXT : (int) most,
          setting == null ? "" : setting.pattern(),
          form,
          setting == null ? "" : setting.remedy());
    }
    if (type instanceof Class<?> choice && choice.isEnum()) {
      return new Choice(
          Arrays.stream(choice.getEnumConstants()).<Enum<?>>map(c -> (Enum<?>) c).toList());
    }
    if (type instanceof ParameterizedType optional && optional.getRawType() == Optional.class) {
      return new Maybe(of(optional.getActualTypeArguments()[0], setting));
    }
    throw new IllegalArgumentException("a setting cannot be a " + type.getTypeName());
  }

  private static double bounded(Type type, @Nullable Setting setting, double least) {
    if (setting != null && !(least < setting.most())) {
      throw new IllegalArgumentException("a setting of type " + type + " needs a range");
    }
    return least;
  }

  /** Whole numbers without ".0", but not -0, which is another double. */
  static void number(JsonGenerator g, double value) {
    if (value == (int) value && (value != 0 || 1 / value > 0)) {
      g.writeNumber((int) value);
    } else {
      g.writeNumber(value);
    }
  }

  /** The name of a choice in a document. */
  static String json(Enum<?> choice) {
    return choice.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static String range(double least, double most, String form) {
    return EditDocumentException.plain(least)
        + " to "
        + EditDocumentException.plain(most)
        + (form.isEmpty() ? "" : ", " + form);
  }

  private static EditDocumentException outside(
      String path, double least, double most, Object value, String noun) {
    return new EditDocumentException(
        path, range(least, most, ""), String.valueOf(value), "choose another " + noun);
  }

  private static void bound(ObjectNode schema, double least, double most) {
    bound(schema, "minimum", least);
    bound(schema, "maximum", most);
  }

  private static void bound(ObjectNode schema, String keyword, double value) {
    if (value == (long) value) {
      schema.put(keyword, (long) value);
    } else {
      schema.put(keyword, value);
    }
  }

  /** An int, or a long where it is wide. */
  record Whole(boolean wide, double least, double most, String form) implements SettingType {
    @Override
    public Object read(Tokens tokens, String path) {
      long value = tokens.whole(path, (long) least, (long) most);
      if (wide) {
        return value;
      }
      return (int) value;
    }

    @Override
    public void write(JsonGenerator g, Object value) {
      g.writeNumber(((Number) value).longValue());
    }

    @Override
    public void check(String path, Object value) {
      long number = ((Number) value).longValue();
      if (number < (long) least || number > (long) most) {
        throw outside(path, least, most, value, "number");
      }
    }

    @Override
    public void describe(ObjectNode schema) {
      schema.put("type", "integer");
      bound(schema, least, most);
    }

    @Override
    public String name() {
      return "whole number";
    }

    @Override
    public String range() {
      return SettingType.range(least, most, form);
    }
  }

  /** A double. */
  record Real(double least, double most, String form) implements SettingType {
    @Override
    public Object read(Tokens tokens, String path) {
      return tokens.number(path, least, most);
    }

    @Override
    public void write(JsonGenerator g, Object value) {
      number(g, (Double) value);
    }

    @Override
    public void check(String path, Object value) {
      double number = (Double) value;
      if (!(number >= least && number <= most)) {
        throw outside(path, least, most, value, "value");
      }
    }

    @Override
    public void describe(ObjectNode schema) {
      schema.put("type", "number");
      bound(schema, least, most);
    }

    @Override
    public String name() {
      return "number";
    }

    @Override
    public String range() {
      return SettingType.range(least, most, form);
    }
  }

  /** True or false. */
  record Flag() implements SettingType {
    @Override
    public Object read(Tokens tokens, String path) {
      return tokens.flag(path);
    }

    @Override
    public void write(JsonGenerator g, Object value) {
      g.writeBoolean((Boolean) value);
    }

    @Override
    public void check(String path, Object value) {
      // Both are fine.
    }

    @Override
    public void describe(ObjectNode schema) {
      schema.put("type", "boolean");
    }

    @Override
    public String name() {
      return "true or false";
    }

    @Override
    public String range() {
      return "";
    }
  }

  /** A text, of a pattern where that is not empty. */
  record Text(int most, String pattern, String form, String remedy) implements SettingType {
    @Override
    public Object read(Tokens tokens, String path) {
      String text = tokens.text(path);
      check(path, text);
      return text;
    }

    @Override
    public Object parse(String text) {
      check("value", text);
      return text;
    }

    @Override
    public void write(JsonGenerator g, Object value) {
      g.writeString((String) value);
    }

    @Override
    public void check(String path, Object value) {
      String text = (String) value;
      if (!pattern.isEmpty() && (text.length() > most || !Pattern.matches(pattern, text))) {
        throw new EditDocumentException(path, form, EditDocumentException.quote(text), remedy);
      }
      Tokens.requireLength(path, text, most);
    }

    @Override
    public void describe(ObjectNode schema) {
      if (pattern.isEmpty() && most == EditDocument.MAX_TEXT) {
        schema.put("$ref", "#/$defs/text");
        return;
      }
      schema.put("type", "string");
      schema.put("maxLength", most);
      if (!pattern.isEmpty()) {
        schema.put("pattern", "^" + pattern + "$");
      }
    }

    @Override
    public String name() {
      return "text";
    }

    @Override
    public String range() {
      return "up to " + most + " characters" + (form.isEmpty() ? "" : ": " + quoted());
    }

    private String quoted() {
      return form.replaceAll("\"(\\w+)\"", "`$1`");
    }
  }

  /** A constant of an enum. */
  record Choice(List<Enum<?>> values) implements SettingType {
    @Override
    public Object read(Tokens tokens, String path) {
      return tokens.oneOf(path, values, SettingType::json);
    }

    @Override
    public Object parse(String text) {
      return values.stream()
          .filter(value -> json(value).equals(text))
          .findFirst()
          .orElseThrow(() -> new IllegalArgumentException("none of " + range() + ": " + text));
    }

    @Override
    public void write(JsonGenerator g, Object value) {
      g.writeString(json((Enum<?>) value));
    }

    @Override
    public void check(String path, Object value) {
      // Every constant is fine.
    }

    @Override
    public void describe(ObjectNode schema) {
      var choices = schema.putArray("enum");
      values.forEach(value -> choices.add(json(value)));
    }

    @Override
    public String name() {
      return "text";
    }

    @Override
    public String range() {
      return values.stream()
          .map(value -> "`" + json(value) + "`")
          .collect(Collectors.joining(", "));
    }
  }

  /** A {@link StepRange}. */
  record Steps(double least, double most) implements SettingType {
    @Override
    public Object read(Tokens tokens, String path) {
      double[] ends = tokens.numbers(path, "two step numbers [first, end]", 2);
      if (ends[0] != Math.rint(ends[0]) || ends[1] != Math.rint(ends[1])) {
        throw new EditDocumentException(path, "whole numbers", "fractions", "round them");
      }
      var range = new StepRange((int) ends[0], (int) ends[1]);
      check(path, range);
      return range;
    }

    @Override
    public void write(JsonGenerator g, Object value) {
      var range = (StepRange) value;
      g.writeStartArray();
      g.writeNumber(range.first());
      g.writeNumber(range.end());
      g.writeEndArray();
    }

    @Override
    public void check(String path, Object value) {
      var range = (StepRange) value;
      if (range.first() < least || range.end() > most || range.first() > range.end()) {
        throw new EditDocumentException(
            path,
            "[first, end] in order, " + SettingType.range(least, most, ""),
            "[" + range.first() + ", " + range.end() + "]",
            "correct it");
      }
    }

    @Override
    public void describe(ObjectNode schema) {
      schema.put("type", "array");
      schema.put("minItems", 2);
      schema.put("maxItems", 2);
      var item = schema.putObject("items");
      item.put("type", "number");
      bound(item, least, most);
      item.put("multipleOf", 1);
    }

    @Override
    public String name() {
      return "list of whole numbers";
    }

    @Override
    public String range() {
      return "2 numbers, " + SettingType.range(least, most, "") + ", in order";
    }
  }

  /** Something that may be absent. */
  record Maybe(SettingType of) implements SettingType {
    @Override
    public Object read(Tokens tokens, String path) {
      return Optional.of(of.read(tokens, path));
    }

    @Override
    public Object parse(String text) {
      return text.isEmpty() ? Optional.empty() : Optional.of(of.parse(text));
    }

    @Override
    public void write(JsonGenerator g, Object value) {
      of.write(g, ((Optional<?>) value).orElseThrow());
    }

    @Override
    public void check(String path, Object value) {
      ((Optional<?>) value).ifPresent(present -> of.check(path, present));
    }

    @Override
    public void describe(ObjectNode schema) {
      of.describe(schema);
    }

    @Override
    public String name() {
      return of.name();
    }

    @Override
    public String range() {
      return of.range();
    }
  }
}
