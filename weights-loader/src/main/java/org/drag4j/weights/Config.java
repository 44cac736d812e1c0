package org.drag4j.weights;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * A model's {@code config.json}, read by key and type. A key whose value is {@code null} counts as
 * absent. All errors are {@link ConfigException}s that name the file and the key.
 */
public final class Config {
  /** Longest text, in bytes; published files have at most a few thousand. */
  static final int MAX_BYTES = 1 << 20;

  private final String origin;
  private final Map<String, Object> values;
  private final Set<String> nulls;

  private Config(String origin, Map<String, Object> values, Set<String> nulls) {
    this.origin = origin;
    this.values = values;
    this.nulls = nulls;
  }

  /**
   * Reads a file of at most 1 MiB.
   *
   * @throws ModelNotFoundException where there is none
   * @throws ConfigException where it is not a JSON object with every key once
   */
  public static Config read(Path file) {
    return parse(file.toString(), Json.bytes(file, MAX_BYTES, ConfigException::new));
  }

  /** Reads a stream of at most 1 MiB; {@code origin} names it in errors. */
  public static Config read(String origin, InputStream in) {
    return parse(origin, Json.bytes(origin, in, MAX_BYTES, ConfigException::new));
  }

  /** Reads a text; {@code origin} names it in errors. */
  public static Config parse(String origin, String json) {
    return parse(origin, json.getBytes(StandardCharsets.UTF_8));
  }

  private static Config parse(String origin, byte[] text) {
    return Json.object(
        Json.WITH_INFINITIES, origin, text, ConfigException::new, p -> object(origin, p));
  }

  /** The object that a parser is at. */
  static Config object(String origin, JsonParser p) {
    var nulls = new HashSet<String>();
    return new Config(origin, new Reading(origin, p, nulls).object(), nulls);
  }

  private record Reading(String origin, JsonParser p, Set<String> nulls) {
    Map<String, Object> object() {
      var values = new LinkedHashMap<String, Object>();
      while (p.nextToken() == JsonToken.PROPERTY_NAME) {
        String key = p.currentName();
        p.nextToken();
        var value = value();
        if (value != null) {
          values.put(key, value);
        } else {
          nulls.add(key);
        }
      }
      return Collections.unmodifiableMap(values);
    }

    private @Nullable Object value() {
      return switch (p.currentToken()) {
        case START_OBJECT -> object();
        case START_ARRAY -> list();
        case VALUE_STRING -> p.getString();
        case VALUE_TRUE -> true;
        case VALUE_FALSE -> false;
        case VALUE_NULL -> null;
        case VALUE_NUMBER_INT ->
            p.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                ? (Object) finite()
                : (Object) p.getLongValue();
        case VALUE_NUMBER_FLOAT -> finite();
        default -> throw new IllegalStateException("not a value: " + p.currentToken());
      };
    }

    private List<Object> list() {
      var list = new ArrayList<Object>();
      while (p.nextToken() != JsonToken.END_ARRAY) {
        var value = value();
        list.add(value == null ? Absent.NULL : value);
      }
      return Collections.unmodifiableList(list);
    }

    /** Infinite only where the text says so, as Python writes it; who reads it must do without. */
    private double finite() {
      double value = p.getDoubleValue();
      if (!Double.isFinite(value) && p.getString().matches("-?\\d.*")) {
        throw new ConfigException(
            "%s: character %d: expected a finite number, got %s; correct the file"
                .formatted(origin, Json.at(p), Json.printable(p.getString())));
      }
      return value;
    }
  }

  /** A {@code null} inside a list, where leaving it out would move the others. */
  private enum Absent {
    NULL;

    @Override
    public String toString() {
      return "null";
    }
  }

  /** The file, as error messages name it. */
  public String origin() {
    return origin;
  }

  /** All keys that have a value, in the file's order. */
  public Set<String> keys() {
    return values.keySet();
  }

  /** Whether the key is there and not {@code null}. */
  public boolean has(String key) {
    return values.containsKey(key);
  }

  /** Whether the file says {@code null} of a key: where its absence means something else. */
  public boolean isNull(String key) {
    return nulls.contains(key) && !has(key);
  }

  /** The value as text, for people to read. */
  public Optional<String> text(String key) {
    return Optional.ofNullable(values.get(key)).map(v -> Json.printable(v.toString()));
  }

  /** A string that must be there. */
  public String string(String key) {
    if (value(key) instanceof String s) {
      return s;
    }
    throw unexpected(key, "a string");
  }

  /** A string, or the default where absent. */
  public String string(String key, String absent) {
    return has(key) ? string(key) : absent;
  }

  /** A 32-bit integer that must be there. */
  public int integer(String key) {
    if (value(key) instanceof Long n && n == n.intValue()) {
      return n.intValue();
    }
    throw unexpected(key, "an integer");
  }

  /** A 32-bit integer, or the default where absent. */
  public int integer(String key, int absent) {
    return has(key) ? integer(key) : absent;
  }

  /** An integer within bounds, both included, or the default where absent. */
  public int integer(String key, int absent, int min, int max) {
    int n = integer(key, absent);
    if (n < min || n > max) {
      throw unexpected(key, "an integer from %d to %d".formatted(min, max));
    }
    return n;
  }

  /** A number that must be there. */
  public double number(String key) {
    if (value(key) instanceof Number n && Double.isFinite(n.doubleValue())) {
      return n.doubleValue();
    }
    throw unexpected(key, "a number");
  }

  /** A number, or the default where absent. */
  public double number(String key, double absent) {
    return has(key) ? number(key) : absent;
  }

  /** A truth value, or the default where absent. */
  public boolean bool(String key, boolean absent) {
    if (!has(key)) {
      return absent;
    }
    if (value(key) instanceof Boolean b) {
      return b;
    }
    throw unexpected(key, "true or false");
  }

  /** A non-empty list of positive integers that must be there. */
  public List<Integer> integers(String key) {
    if (!(value(key) instanceof List<?> list) || list.isEmpty()) {
      throw unexpected(key, "a list of positive integers");
    }
    var integers = new ArrayList<Integer>();
    for (var item : list) {
      if (!(item instanceof Long n) || n <= 0 || n > Integer.MAX_VALUE) {
        throw unexpected(key, "a list of positive integers");
      }
      integers.add(n.intValue());
    }
    return List.copyOf(integers);
  }

  /**
   * One positive integer a level: a list of {@code levels}, or a single integer (or the default
   * where absent) for all of them.
   */
  public List<Integer> integers(String key, int levels, int absent) {
    if (!has(key)) {
      return Collections.nCopies(levels, absent);
    }
    if (value(key) instanceof Long n && n > 0 && n <= Integer.MAX_VALUE) {
      return Collections.nCopies(levels, n.intValue());
    }
    if (value(key) instanceof List<?> list && list.size() == levels) {
      return integers(key);
    }
    throw unexpected(key, "a positive integer or a list of " + levels);
  }

  /** A list of numbers that must be there. */
  public List<Double> numbers(String key) {
    if (!(value(key) instanceof List<?> list)) {
      throw unexpected(key, "a list of numbers");
    }
    var numbers = new ArrayList<Double>();
    for (var item : list) {
      if (!(item instanceof Number n) || !Double.isFinite(n.doubleValue())) {
        throw unexpected(key, "a list of numbers");
      }
      numbers.add(n.doubleValue());
    }
    return List.copyOf(numbers);
  }

  /** A list of strings that must be there. */
  public List<String> strings(String key) {
    if (!(value(key) instanceof List<?> list)) {
      throw unexpected(key, "a list of strings");
    }
    var strings = new ArrayList<String>();
    for (var item : list) {
      if (!(item instanceof String s)) {
        throw unexpected(key, "a list of strings");
      }
      strings.add(s);
    }
    return List.copyOf(strings);
  }

  /** The object under a key, or empty where absent or not an object. */
  public Optional<Config> object(String key) {
    if (!(values.get(key) instanceof Map<?, ?> map)) {
      return Optional.empty();
    }
    var inner = new LinkedHashMap<String, Object>();
    map.forEach((k, v) -> inner.put((String) k, v));
    return Optional.of(new Config(origin + ": " + Json.printable(key), inner, Set.of()));
  }

  /** The error for a value that no configuration of this kind can have. */
  public ConfigException unexpected(String key, String expected) {
    return refused(key, expected, "correct the file");
  }

  /**
   * The error for a value that means what this project does not do.
   *
   * @param remedy what to do instead
   */
  public ConfigException refused(String key, String expected, String remedy) {
    var value = values.get(key);
    String got =
        switch (value) {
          case null -> "nothing";
          case String s -> Json.quote(s);
          default -> Json.printable(value.toString());
        };
    return new ConfigException(
        "%s: %s: expected %s, got %s; %s"
            .formatted(origin, Json.printable(key), expected, got, remedy));
  }

  /**
   * The keys that say something nobody reads, in the file's order: whatever is neither among {@code
   * read} nor at its usual value. False, lists of it, and what is empty say nothing, nor do keys
   * that begin with an underscore: they say where the file comes from.
   *
   * @param read keys of any value
   * @param usual the value of each key whose other values would matter
   */
  public List<String> unread(Set<String> read, Map<String, ?> usual) {
    return values.keySet().stream()
        .filter(key -> !key.startsWith("_") && !read.contains(key))
        .filter(key -> !saysNothing(values.get(key)) && !same(values.get(key), usual.get(key)))
        .toList();
  }

  /** A line about a key that {@link #unread} gives and nobody minds. */
  public String note(String key) {
    return "%s: %s: %s means nothing to drag4j and is left out of account"
        .formatted(origin, Json.printable(key), text(key).orElse("null"));
  }

  private static boolean saysNothing(@Nullable Object value) {
    return switch (value) {
      case null -> true;
      case Boolean b -> !b;
      case Absent _ -> true;
      case List<?> list -> list.stream().allMatch(Config::saysNothing);
      case Map<?, ?> map -> map.isEmpty();
      default -> false;
    };
  }

  private static boolean same(@Nullable Object value, @Nullable Object usual) {
    return (value instanceof Number a && usual instanceof Number b)
        ? a.doubleValue() == b.doubleValue()
        : Objects.equals(value, usual);
  }

  private @Nullable Object value(String key) {
    return values.get(key);
  }

  @Override
  public String toString() {
    return origin + " " + values.keySet();
  }
}
