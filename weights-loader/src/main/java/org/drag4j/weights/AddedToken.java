package org.drag4j.weights;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A token that a tokenizer has beside its vocabulary's merges: it is taken out of a prompt before
 * the rest is split into words.
 *
 * @param id number of the token
 * @param normalized whether it is looked for in the normalised prompt: in lower case
 * @param singleWord whether letters and digits beside it make it no token
 */
public record AddedToken(int id, boolean normalized, boolean singleWord) {
  private static final int MAX_ENTRIES = 10_000;

  /** Reads {@code added_tokens.json}: the number of every token. */
  static Map<String, AddedToken> read(Path file) {
    var config = Config.read(file);
    var tokens = new LinkedHashMap<String, AddedToken>();
    if (config.keys().size() > MAX_ENTRIES) {
      throw new ConfigException(
          "%s: expected at most %d tokens, got %d; check that it is the right file"
              .formatted(file, MAX_ENTRIES, config.keys().size()));
    }
    for (var token : config.keys()) {
      int id = config.integer(token, 0, 0, Vocabulary.MAX_ENTRIES - 1);
      tokens.put(token, new AddedToken(id, true, false));
    }
    return tokens;
  }

  /** Reads {@code added_tokens_decoder} of {@code tokenizer_config.json}: a token by its number. */
  static Map<String, AddedToken> decoder(Config config) {
    var tokens = new LinkedHashMap<String, AddedToken>();
    var decoder = config.object("added_tokens_decoder");
    for (var number : decoder.map(Config::keys).orElse(Set.of())) {
      var token = decoder.orElseThrow().object(number);
      if (token.isEmpty() || !number.matches("\\d{1,9}")) {
        throw decoder.orElseThrow().unexpected(number, "a token's number and an object");
      }
      put(tokens, Integer.parseInt(number), token.get());
    }
    return tokens;
  }

  /** Adds a token as {@code tokenizer.json} describes it. */
  static void put(Map<String, AddedToken> tokens, int id, Config token) {
    String content = token.string("content");
    if (content.isBlank() || tokens.size() == MAX_ENTRIES) {
      throw token.unexpected("content", "a text, and at most " + MAX_ENTRIES + " of them");
    }
    boolean special = token.bool("special", false);
    tokens.put(
        content,
        new AddedToken(id, token.bool("normalized", !special), token.bool("single_word", false)));
  }
}
