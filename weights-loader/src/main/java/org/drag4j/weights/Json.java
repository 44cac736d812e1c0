package org.drag4j.weights;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;

/** Strict, bounded reading of JSON: the one place where the parser is configured. */
final class Json {
  /** Objects and lists inside each other; published files have at most four. */
  static final int MAX_NESTING = 32;

  private static final int MAX_STRING = 10_000_000;
  private static final int SHOWN = 100;

  // Without canonical names the parser keeps no table of names between files, which hostile
  // names could fill or make collide.
  static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_NESTING)
                  .maxNumberLength(100)
                  .maxNameLength(1 << 16)
                  .maxStringLength(MAX_STRING)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
          .build();

  /** The same with the numbers that Python's {@code json} writes and JSON does not have. */
  static final JsonFactory WITH_INFINITIES =
      FACTORY.rebuild().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

  private Json() {}

  /** As {@link #object(JsonFactory, String, byte[], Function, Function)}, with JSON's numbers. */
  static <T> T object(
      String origin,
      byte[] text,
      Function<String, ? extends ModelException> error,
      Function<JsonParser, T> body) {
    return object(FACTORY, origin, text, error, body);
  }

  /**
   * Reads a text that must be one JSON object in UTF-8 and nothing else; some editors begin it with
   * a byte order mark.
   *
   * @param body called with the parser on the opening brace; returns with it on the closing one
   * @param error makes the exception of a message
   */
  static <T> T object(
      JsonFactory factory,
      String origin,
      byte[] text,
      Function<String, ? extends ModelException> error,
      Function<JsonParser, T> body) {
    mistaken(text)
        .ifPresent(what -> {
          throw error.apply("%s: expected a JSON object in UTF-8, got %s".formatted(origin, what));
        });
    var malformed = malformed(text);
    if (malformed.isPresent()) {
      int at = malformed.getAsInt();
      throw error.apply(
          "%s: expected UTF-8, got byte 0x%02x at byte %d of the JSON text; %s"
              .formatted(origin, text[at] & 0xff, at, FETCH_AGAIN));
    }
    int start = startsWith(text, BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
    var reader =
        new InputStreamReader(
            new ByteArrayInputStream(text, start, text.length - start),
            StandardCharsets.UTF_8.newDecoder());
    try (JsonParser p = factory.createParser(ObjectReadContext.empty(), reader)) {
      if (p.nextToken() != JsonToken.START_OBJECT) {
        throw error.apply(
            "%s: expected a JSON object, got %s; %s".formatted(origin, shown(p), FETCH_AGAIN));
      }
      T result = body.apply(p);
      if (p.nextToken() != null) {
        throw error.apply(
            "%s: character %d: expected nothing after the JSON object, got %s; %s"
                .formatted(origin, at(p), shown(p), FETCH_AGAIN));
      }
      return result;
    } catch (JacksonException e) {
      throw error.apply(problem(origin, e));
    }
  }

  /** What a text is instead of JSON, and what to do, where its first bytes tell. */
  private static Optional<String> mistaken(byte[] text) {
    if (startsWith(text, "version https://git-lfs".getBytes(StandardCharsets.US_ASCII))) {
      return Optional.of("a Git LFS pointer; run 'git lfs pull'");
    }
    if (text.length > 0 && text[0] == '<') {
      return Optional.of("a web page; fetch the file itself instead of the page about it");
    }
    // The mark in either order of bytes, or a brace in two bytes.
    int first = text.length < 2 ? -1 : (text[0] & 0xff) << 8 | (text[1] & 0xff);
    if (first == 0xfffe || first == 0xfeff || first == '{' << 8 || first == '{') {
      return Optional.of("UTF-16; save it as UTF-8");
    }
    return Optional.empty();
  }

  private static boolean startsWith(byte[] text, byte[] prefix) {
    return text.length >= prefix.length
        && Arrays.equals(text, 0, prefix.length, prefix, 0, prefix.length);
  }

  static final String FETCH_AGAIN = "the file is damaged, fetch it again";

  /** Position of the current token, in characters. */
  static long at(JsonParser p) {
    return p.currentTokenLocation().getCharOffset();
  }

  /** The current token as an error message shows it. */
  static String shown(JsonParser p) {
    @Nullable JsonToken token = p.currentToken();
    if (token == null) {
      return "the end of the text";
    }
    return switch (token) {
      case START_OBJECT, END_OBJECT -> "an object";
      case START_ARRAY, END_ARRAY -> "a list";
      case VALUE_STRING, PROPERTY_NAME -> quote(p.getString());
      case NOT_AVAILABLE, VALUE_EMBEDDED_OBJECT -> token.toString();
      case VALUE_FALSE, VALUE_TRUE, VALUE_NULL, VALUE_NUMBER_FLOAT, VALUE_NUMBER_INT ->
          p.getString();
    };
  }

  private static String problem(String origin, JacksonException e) {
    var where = e.getLocation();
    String at =
        where == null || where.getCharOffset() < 0
            ? ""
            : " character " + where.getCharOffset() + ":";
    // Without what the parser says of itself behind the first clause.
    String what =
        printable(
            String.valueOf(e.getOriginalMessage())
                .replaceFirst("(: enable `| \\(start marker| \\[Source).*", ""));
    if (e instanceof StreamConstraintsException) {
      return "%s:%s expected at most %d levels of nesting, numbers of 100 digits, names of 65536 and"
              .formatted(origin, at, MAX_NESTING)
          + " strings of 10 million characters, got: %s; %s".formatted(what, FETCH_AGAIN);
    }
    if (what.startsWith("Duplicate")) {
      return "%s:%s expected every name once, got: %s; %s".formatted(origin, at, what, FETCH_AGAIN);
    }
    return "%s:%s expected valid JSON, got: %s; %s".formatted(origin, at, what, FETCH_AGAIN);
  }

  /** Text from outside, shortened, quoted and free of control characters. */
  static String quote(String text) {
    return '"' + printable(text) + '"';
  }

  /** Text from outside, shortened and free of control characters. */
  static String printable(String text) {
    var out = new StringBuilder();
    for (int i = 0; i < Math.min(text.length(), SHOWN); i++) {
      char c = text.charAt(i);
      if (Character.isISOControl(c)
          || Character.getType(c) == Character.FORMAT
          || Character.getType(c) == Character.LINE_SEPARATOR
          || Character.getType(c) == Character.PARAGRAPH_SEPARATOR
          || Character.isSurrogate(c)) {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return text.length() > SHOWN ? out + "..." : out.toString();
  }

  /** Position of the first byte that is not UTF-8, or that is NUL, which JSON never holds. */
  private static OptionalInt malformed(byte[] text) {
    var in = ByteBuffer.wrap(text);
    var decoder = StandardCharsets.UTF_8.newDecoder();
    var out = CharBuffer.allocate(8192);
    while (true) {
      int from = in.position();
      var result = decoder.decode(in, out.clear(), true);
      for (int i = from; i < in.position(); i++) {
        if (text[i] == 0) {
          return OptionalInt.of(i);
        }
      }
      if (result.isError()) {
        return OptionalInt.of(in.position());
      }
      if (result.isUnderflow()) {
        return OptionalInt.empty();
      }
    }
  }

  /** The bytes of a file of bounded size. */
  static byte[] bytes(Path file, int limit, Function<String, ? extends ModelException> error) {
    if (!Links.exists(file)) {
      throw new ModelNotFoundException(
          file + ": expected a file, got none of that name; check the path");
    }
    if (!Files.isRegularFile(file)) {
      throw error.apply(file + ": expected a file, got a folder or device; check the path");
    }
    try (var in = Files.newInputStream(file)) {
      return bytes(file.toString(), in, limit, error);
    } catch (IOException | UncheckedIOException e) {
      throw error.apply(unreadable(file.toString(), e));
    }
  }

  /** The bytes of a stream of bounded length. */
  static byte[] bytes(
      String origin, InputStream in, int limit, Function<String, ? extends ModelException> error) {
    try {
      byte[] text = in.readNBytes(limit + 1);
      if (text.length > limit) {
        throw error.apply(
            "%s: expected at most %d bytes, got more; check that it is the right file"
                .formatted(origin, limit));
      }
      return text;
    } catch (IOException e) {
      throw error.apply(unreadable(origin, e));
    }
  }

  static String unreadable(String origin, Exception e) {
    return "%s: expected to read it, got %s: %s; check its permissions"
        .formatted(
            origin,
            e.getClass().getSimpleName(),
            e.getMessage() == null ? "no reason given" : printable(e.getMessage()));
  }
}
