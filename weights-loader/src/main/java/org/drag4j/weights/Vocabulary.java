package org.drag4j.weights;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * A byte-pair vocabulary: the number of every token ({@code vocab.json}) and the pairs to merge,
 * the most urgent first ({@code merges.txt}).
 */
public record Vocabulary(Map<String, Integer> tokens, List<Merge> merges) {
  static final int MAX_BYTES = 32 << 20;
  static final int MAX_ENTRIES = 1_000_000;
  private static final int MAX_TOKEN = 1024;

  /** Two adjacent tokens that become one. */
  public record Merge(String left, String right) {
    /** A merge as a line of {@code merges.txt} spells it. */
    static Merge parse(String where, String line) {
      int space = line.indexOf(' ');
      if (space <= 0 || space == line.length() - 1 || line.indexOf(' ', space + 1) >= 0) {
        throw new ConfigException(
            "%s: expected two tokens with a space between them, got %s; %s"
                .formatted(where, Json.quote(line), Json.FETCH_AGAIN));
      }
      return new Merge(line.substring(0, space), line.substring(space + 1));
    }
  }

  public Vocabulary {
    tokens = Map.copyOf(tokens);
    merges = List.copyOf(merges);
  }

  /**
   * Reads both files, each of at most 32 MiB and a million entries.
   *
   * @throws ModelNotFoundException where one is missing
   * @throws ConfigException where one is damaged or they do not belong together
   */
  public static Vocabulary read(Path vocab, Path merges) {
    return read(
        vocab.toString(),
        Json.bytes(vocab, MAX_BYTES, ConfigException::new),
        merges.toString(),
        Json.bytes(merges, MAX_BYTES, ConfigException::new));
  }

  /** Reads both texts from streams, which stay open, under the same bounds. */
  public static Vocabulary read(InputStream vocab, InputStream merges) {
    return read(
        "vocab.json",
        Json.bytes("vocab.json", vocab, MAX_BYTES, ConfigException::new),
        "merges.txt",
        Json.bytes("merges.txt", merges, MAX_BYTES, ConfigException::new));
  }

  private static Vocabulary read(
      String vocabOrigin, byte[] vocab, String mergesOrigin, byte[] merges) {
    var tokens = Json.object(vocabOrigin, vocab, ConfigException::new, p -> tokens(vocabOrigin, p));
    return new Vocabulary(tokens, merges(mergesOrigin, merges, tokens));
  }

  /** The tokens of the object that a parser is at. */
  static Map<String, Integer> tokens(String origin, JsonParser p) {
    var tokens = new LinkedHashMap<String, Integer>();
    var ids = new HashSet<Integer>();
    while (p.nextToken() == JsonToken.PROPERTY_NAME) {
      String token = p.currentName();
      if (token.isEmpty() || token.length() > MAX_TOKEN) {
        throw fail(
            origin,
            token,
            "expected a token of 1 to %d characters, got %d".formatted(MAX_TOKEN, token.length()));
      }
      boolean integer =
          p.nextToken() == JsonToken.VALUE_NUMBER_INT
              && p.getNumberType() == JsonParser.NumberType.INT;
      if (!integer || p.getIntValue() < 0 || p.getIntValue() >= MAX_ENTRIES) {
        throw fail(
            origin,
            token,
            "expected a number from 0 to %d, got %s".formatted(MAX_ENTRIES - 1, Json.shown(p)));
      }
      if (!ids.add(p.getIntValue())) {
        throw fail(
            origin, token, "expected a number of its own, got %d again".formatted(p.getIntValue()));
      }
      tokens.put(token, p.getIntValue());
    }
    return tokens;
  }

  private static List<Merge> merges(String origin, byte[] text, Map<String, Integer> tokens) {
    // Not String.lines(), which also breaks at characters that tokens may hold.
    var lines = new String(text, StandardCharsets.UTF_8).split("\n", -1);
    if (lines.length > MAX_ENTRIES) {
      throw new ConfigException(
          "%s: expected at most %d lines, got %d; %s"
              .formatted(origin, MAX_ENTRIES, lines.length, Json.FETCH_AGAIN));
    }
    var merges = new ArrayList<Merge>(lines.length);
    for (int i = 0; i < lines.length; i++) {
      String line =
          lines[i].endsWith("\r") ? lines[i].substring(0, lines[i].length() - 1) : lines[i];
      if (line.isEmpty() || (i == 0 && line.startsWith("#version"))) {
        continue;
      }
      String where = "%s: line %d".formatted(origin, i + 1);
      var merge = Merge.parse(where, line);
      requirePair(where, merge, tokens);
      merges.add(merge);
    }
    return merges;
  }

  /** Refuses merges that make no token. */
  static void requirePairs(String origin, List<Merge> merges, Map<String, Integer> tokens) {
    for (int i = 0; i < merges.size(); i++) {
      requirePair("%s: merge %d".formatted(origin, i), merges.get(i), tokens);
    }
  }

  private static void requirePair(String where, Merge merge, Map<String, Integer> tokens) {
    if (!tokens.containsKey(merge.left() + merge.right())) {
      throw new ConfigException(
          "%s: expected a pair that makes a token, got %s, which the vocabulary lacks; check that"
                  .formatted(where, Json.quote(merge.left() + " " + merge.right()))
              + " merges and vocabulary belong together");
    }
  }

  private static ConfigException fail(String origin, String token, String what) {
    return new ConfigException(
        "%s: token %s: %s; %s".formatted(origin, Json.quote(token), what, Json.FETCH_AGAIN));
  }
}
