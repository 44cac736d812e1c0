package org.drag4j.document;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.drag4j.geometry.EditDocumentException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;

/**
 * The tokens of a JSON text as a document's values, each refused where it is not what is expected:
 * a hostile text before it takes more memory than an honest one.
 */
final class Tokens {
  static final int MAX_COORDINATE = 1 << 16;

  /** Fields of the format that have no meaning yet, and what to do about each. */
  private static final Map<String, String> LATER =
      Map.of(
          "model.id", "remove it and name a folder with \"path\" or --model",
          "model.dtype", "remove it, the type is the device's choice");

  // Without canonical names the parser keeps no table of names between documents, which hostile
  // names could fill or make collide.
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(32)
                  .maxNumberLength(100)
                  .maxNameLength(1000)
                  .maxStringLength(EditDocument.MAX_BYTES)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
          .build();

  private final JsonParser p;

  private Tokens(JsonParser p) {
    this.p = p;
  }

  /**
   * What {@code read} makes of a text, from its first token on.
   *
   * @param origin where the text comes from, as error messages name it
   */
  static <T> T read(String origin, String json, Function<Tokens, T> read) {
    try (var p = FACTORY.createParser(ObjectReadContext.empty(), json)) {
      p.nextToken();
      return read.apply(new Tokens(p));
    } catch (EditDocumentException e) {
      throw e.in(origin);
    } catch (JacksonException e) {
      throw syntax(origin, e);
    }
  }

  private static EditDocumentException syntax(String origin, JacksonException e) {
    var at = e.getLocation();
    String where =
        at == null || at.getLineNr() < 1
            ? origin
            : origin + ": line " + at.getLineNr() + ", column " + at.getColumnNr();
    // Without what the parser says of itself behind the first clause.
    String what =
        EditDocumentException.printable(
            String.valueOf(e.getOriginalMessage())
                .replaceFirst("(: enable `| \\(start marker| \\[Source).*", ""));
    String expected =
        what.startsWith("Duplicate")
            ? "every field once"
            : "finite numbers, quoted text, and brackets that match";
    return new EditDocumentException(where, expected, what, "correct the JSON");
  }

  boolean isObject() {
    return p.currentToken() == JsonToken.START_OBJECT;
  }

  /** Whether another field of an object follows. */
  boolean more() {
    return p.nextToken() == JsonToken.PROPERTY_NAME;
  }

  /** Refuses whatever follows. */
  void end() {
    if (p.nextToken() != null) {
      throw new EditDocumentException(
          "the document", "nothing after its last bracket", shown(), "remove it");
    }
  }

  /** The text the parser is at, of whatever length; empty where it is at something else. */
  Optional<String> peek() {
    return p.currentToken() == JsonToken.VALUE_STRING
        ? Optional.of(p.getString())
        : Optional.empty();
  }

  /** Goes to the end of the value the parser is at, whatever it is. */
  void skip() {
    p.skipChildren();
  }

  double[] numbers(String path, String expected, int count) {
    if (p.currentToken() != JsonToken.START_ARRAY) {
      throw wrong(path, expected);
    }
    double[] numbers = new double[count];
    for (int i = 0; i < count; i++) {
      if (p.nextToken() == JsonToken.END_ARRAY) {
        throw wrong(path, expected);
      }
      numbers[i] = number(path + "[" + i + "]", -MAX_COORDINATE, MAX_COORDINATE);
    }
    if (p.nextToken() != JsonToken.END_ARRAY) {
      throw wrong(path, expected);
    }
    return numbers;
  }

  void open(String path) {
    if (!isObject()) {
      throw wrong(path, "an object {...}");
    }
  }

  /** The name of the field the parser is at, whatever it is; moves on to its value. */
  String field() {
    String name = p.currentName();
    p.nextToken();
    return name;
  }

  /** The name of the field the parser is at, one of those known; moves on to its value. */
  String field(String path, List<String> known) {
    String name = p.currentName();
    if (!known.contains(name)) {
      throw unknown(path.isEmpty() ? name : path + "." + name, name, known);
    }
    return field();
  }

  private static EditDocumentException unknown(String path, String name, List<String> known) {
    @Nullable String later = LATER.get(path);
    if (later != null) {
      return later(path, "a field for a later version", later);
    }
    String nearest =
        known.stream()
            .filter(candidate -> distance(name, candidate) <= Math.max(2, candidate.length() / 3))
            .min((a, b) -> Integer.compare(distance(name, a), distance(name, b)))
            .map(candidate -> "did you mean " + candidate + "?")
            .orElse("remove it");
    return new EditDocumentException(
        EditDocumentException.printable(path),
        known.size() == 1 ? known.getFirst() : "one of " + String.join(", ", known),
        "an unknown field",
        nearest);
  }

  private static EditDocumentException later(String path, String got, String remedy) {
    return new EditDocumentException(
        path, "what is implemented", got + ", not implemented yet", remedy);
  }

  /** Edits that turn one word into the other (Levenshtein), whatever their case. */
  private static int distance(String a, String b) {
    if (Math.abs(a.length() - b.length()) > b.length()) {
      return Integer.MAX_VALUE;
    }
    int[] row = new int[b.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        boolean same =
            Character.toLowerCase(a.charAt(i - 1)) == Character.toLowerCase(b.charAt(j - 1));
        int replaced = diagonal + (same ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }

  <T> List<T> list(String path, int most, Function<String, T> element) {
    if (p.currentToken() != JsonToken.START_ARRAY) {
      throw wrong(path, "a list [...]");
    }
    var all = new ArrayList<T>();
    while (p.nextToken() != JsonToken.END_ARRAY) {
      if (all.size() == most) {
        throw new EditDocumentException(path, "at most " + most, "more", "leave some out");
      }
      all.add(element.apply(path + "[" + all.size() + "]"));
    }
    return all;
  }

  String text(String path) {
    if (p.currentToken() != JsonToken.VALUE_STRING) {
      throw wrong(path, "a text in quotes");
    }
    String text = p.getString();
    requireWhole(path, text);
    requireLength(path, text, EditDocument.MAX_TEXT);
    return text;
  }

  static void requireLength(String path, String text, int most) {
    if (text.length() > most) {
      throw new EditDocumentException(
          path, "at most " + most + " characters", String.valueOf(text.length()), "shorten it");
    }
  }

  /** JSON can spell halves of characters, which no file can hold. */
  static void requireWhole(String path, String text) {
    if (text.codePoints()
        .anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
      throw new EditDocumentException(
          path, "whole characters", "half a surrogate pair", "correct the \\u escapes");
    }
  }

  <T> T oneOf(String path, List<T> values, Function<T, String> name) {
    var text = peek();
    return values.stream()
        .filter(value -> text.isPresent() && name.apply(value).equals(text.get()))
        .findFirst()
        .orElseThrow(() -> refused(path, values, name, shown()));
  }

  static <T> EditDocumentException refused(
      String path, List<T> values, Function<T, String> name, String got) {
    String expected =
        (values.size() == 1 ? "" : "one of ")
            + values.stream().map(v -> '"' + name.apply(v) + '"').collect(Collectors.joining(", "));
    return new EditDocumentException(path, expected, got, "correct it");
  }

  double number(String path, double least, double most) {
    String expected =
        "a number from "
            + EditDocumentException.plain(least)
            + " to "
            + EditDocumentException.plain(most);
    if (p.currentToken() != JsonToken.VALUE_NUMBER_INT
        && p.currentToken() != JsonToken.VALUE_NUMBER_FLOAT) {
      throw wrong(path, expected);
    }
    double value = Double.parseDouble(p.getString());
    if (!(value >= least && value <= most)) {
      throw wrong(path, expected);
    }
    return value;
  }

  long whole(String path, long least, long most) {
    String expected = "a whole number from " + least + " to " + most;
    if (p.currentToken() != JsonToken.VALUE_NUMBER_INT) {
      throw wrong(path, expected);
    }
    var value = new BigInteger(p.getString());
    if (value.compareTo(BigInteger.valueOf(least)) < 0
        || value.compareTo(BigInteger.valueOf(most)) > 0) {
      throw wrong(path, expected);
    }
    return value.longValueExact();
  }

  boolean flag(String path) {
    return switch (p.currentToken()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case null, default -> throw wrong(path, "true or false");
    };
  }

  EditDocumentException wrong(String path, String expected) {
    return new EditDocumentException(path, expected, shown(), "correct it");
  }

  static EditDocumentException missing(String path, String expected) {
    return new EditDocumentException(path, expected, "nothing", "add it");
  }

  String shown() {
    return switch (p.currentToken()) {
      case null -> "the end of the text";
      case START_OBJECT, END_OBJECT -> "an object";
      case START_ARRAY, END_ARRAY -> "a list";
      case VALUE_STRING, PROPERTY_NAME -> EditDocumentException.quote(p.getString());
      default -> EditDocumentException.printable(p.getString());
    };
  }
}
