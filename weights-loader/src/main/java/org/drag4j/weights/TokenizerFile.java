package org.drag4j.weights;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * A {@code tokenizer.json}, which may take the place of {@code vocab.json} and {@code merges.txt}:
 * what newer versions of transformers write.
 *
 * @param added tokens beside the vocabulary's, by text
 * @param padToken what fills a prompt up to its length, where the file says so
 */
record TokenizerFile(
    Vocabulary vocabulary, Map<String, AddedToken> added, Optional<String> padToken) {
  private static final String END_OF_WORD = "</w>";

  /**
   * Reads a file of at most 32 MiB and a million tokens and merges.
   *
   * @throws ConfigException where it is damaged, or no byte-pair tokenizer whose words end in
   *     {@value #END_OF_WORD}, as CLIP's is
   */
  static TokenizerFile read(Path file) {
    String origin = file.toString();
    byte[] text = Json.bytes(file, Vocabulary.MAX_BYTES, ConfigException::new);
    return Json.object(origin, text, ConfigException::new, p -> new Reading(origin, p).tokenizer());
  }

  /** The model of a tokenizer, so far as it was read. */
  private static final class Reading {
    private final String origin;
    private final JsonParser p;
    private final Map<String, AddedToken> added = new LinkedHashMap<>();
    private Optional<String> padToken = Optional.empty();
    private String type = "";
    private String endOfWord = "";
    private Map<String, Integer> tokens = Map.of();
    private List<Vocabulary.Merge> merges = List.of();

    Reading(String origin, JsonParser p) {
      this.origin = origin;
      this.p = p;
    }

    TokenizerFile tokenizer() {
      while (p.nextToken() == JsonToken.PROPERTY_NAME) {
        String key = p.currentName();
        p.nextToken();
        switch (key) {
          case "added_tokens" -> addedTokens();
          case "model" -> model();
          case "padding" -> padding();
          default -> p.skipChildren();
        }
      }
      if (!type.equals("BPE") || !endOfWord.equals(END_OF_WORD)) {
        throw new ConfigException(
            "%s: model: expected CLIP's type BPE with end_of_word_suffix %s, got type %s with %s; use"
                    .formatted(origin, END_OF_WORD, Json.quote(type), Json.quote(endOfWord))
                + " a Stable Diffusion 1.x or 2.x model");
      }
      Vocabulary.requirePairs(origin, merges, tokens);
      return new TokenizerFile(new Vocabulary(tokens, merges), added, padToken);
    }

    private void addedTokens() {
      require(JsonToken.START_ARRAY, "added_tokens", "a list");
      while (p.nextToken() != JsonToken.END_ARRAY) {
        require(JsonToken.START_OBJECT, "added_tokens", "objects");
        var token = Config.object(origin + ": added_tokens", p);
        AddedToken.put(added, token.integer("id", -1, 0, Vocabulary.MAX_ENTRIES - 1), token);
      }
    }

    private void padding() {
      if (p.currentToken() == JsonToken.START_OBJECT) {
        var padding = Config.object(origin + ": padding", p);
        padToken =
            padding.has("pad_token") ? Optional.of(padding.string("pad_token")) : Optional.empty();
      }
    }

    private void model() {
      require(JsonToken.START_OBJECT, "model", "an object");
      while (p.nextToken() == JsonToken.PROPERTY_NAME) {
        String key = p.currentName();
        p.nextToken();
        switch (key) {
          case "type" -> type = text(key);
          case "end_of_word_suffix" -> endOfWord = text(key);
          case "vocab" -> {
            require(JsonToken.START_OBJECT, key, "an object");
            tokens = Vocabulary.tokens(origin, p);
          }
          case "merges" -> merges = merges();
          default -> p.skipChildren();
        }
      }
    }

    private String text(String key) {
      return p.currentToken() == JsonToken.VALUE_NULL ? "" : string(key);
    }

    private String string(String key) {
      require(JsonToken.VALUE_STRING, key, "a text");
      return p.getString();
    }

    /** Each a text with a space, as older versions write them, or a list of two texts. */
    private List<Vocabulary.Merge> merges() {
      require(JsonToken.START_ARRAY, "merges", "a list");
      var list = new ArrayList<Vocabulary.Merge>();
      while (p.nextToken() != JsonToken.END_ARRAY) {
        String where = "%s: merge %d".formatted(origin, list.size());
        if (list.size() == Vocabulary.MAX_ENTRIES) {
          throw fail("merges", "at most %d".formatted(Vocabulary.MAX_ENTRIES), "more");
        }
        if (p.currentToken() != JsonToken.START_ARRAY) {
          list.add(Vocabulary.Merge.parse(where, string("merges")));
          continue;
        }
        p.nextToken();
        String left = string("merges");
        p.nextToken();
        list.add(new Vocabulary.Merge(left, string("merges")));
        p.nextToken();
        require(JsonToken.END_ARRAY, "merges", "pairs");
      }
      return list;
    }

    private void require(JsonToken token, String key, String expected) {
      if (p.currentToken() != token) {
        throw fail(key, expected, Json.shown(p));
      }
    }

    private ConfigException fail(String key, String expected, String got) {
      return new ConfigException(
          "%s: %s: expected %s, got %s; %s"
              .formatted(origin, key, expected, got, Json.FETCH_AGAIN));
    }
  }
}
