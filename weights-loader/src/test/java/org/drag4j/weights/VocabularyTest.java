package org.drag4j.weights;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.drag4j.weights.TestFiles.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.drag4j.weights.Vocabulary.Merge;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VocabularyTest {
  private static Vocabulary read(String vocab, String merges) {
    return Vocabulary.read(
        new ByteArrayInputStream(vocab.getBytes(UTF_8)),
        new ByteArrayInputStream(merges.getBytes(UTF_8)));
  }

  @Test
  void readsTokensAndMerges() {
    var v =
        read(
            "{\"a\":0,\"b\":1,\"#\":2,\"ab\":3,\"Ġ\\u0085\":4,\"##\":5}",
            "#version: 0.2\na b\r\nĠ \u0085\n# #\n\n");
    assertEquals(Map.of("a", 0, "b", 1, "#", 2, "ab", 3, "Ġ\u0085", 4, "##", 5), v.tokens());
    assertEquals(
        List.of(new Merge("a", "b"), new Merge("Ġ", "\u0085"), new Merge("#", "#")), v.merges());
  }

  @Test
  void damagedVocabulariesAreRefused() {
    check("[]", "", "vocab.json: expected a JSON object, got a list");
    check("{\"a\":0,\"a\":1}", "", "expected every name once");
    check("{\"a\":0,\"b\":0}", "", "token \"b\": expected a number of its own, got 0 again");
    check("{\"a\":-1}", "", "token \"a\": expected a number from 0 to 999999, got -1");
    check("{\"a\":1.5}", "", "got 1.5");
    check("{\"a\":1000000}", "", "got 1000000");
    check("{\"a\":99999999999}", "", "got 99999999999");
    check("{\"\":1}", "", "expected a token of 1 to 1024 characters, got 0");
    check("{\"ab\":1}", "ab\n", "merges.txt: line 1: expected two tokens with a space");
    check("{\"ab\":1}", "a b\na  b", "merges.txt: line 2: expected two tokens with a space");
    check("{\"ab\":1}", "a c", "line 1: expected a pair that makes a token, got \"a c\"");
  }

  @TempDir Path folder;

  private TokenizerFile whole(String model, String more) {
    var file = folder.resolve("tokenizer.json");
    return TokenizerFile.read(
        TestFiles.text(
            file,
            "{\"version\":\"1.0\"%s,\"model\":{\"type\":\"BPE\",\"dropout\":null,%s}}"
                .formatted(more, model)));
  }

  /**
   * Merges are texts in older files, pairs in newer ones; the order of the keys does not matter.
   */
  @Test
  void readsAWholeTokenizer() {
    var texts =
        "\"end_of_word_suffix\":\"</w>\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":[\"a b\"]";
    var pairs =
        "\"merges\":[[\"a\",\"b\"]],\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"end_of_word_suffix\":\"</w>\"";
    var expected = new Vocabulary(Map.of("a", 0, "b", 1, "ab", 2), List.of(new Merge("a", "b")));
    assertEquals(new TokenizerFile(expected, Map.of(), Optional.empty()), whole(texts, ""));
    var added =
        ",\"added_tokens\":[{\"id\":3,\"content\":\"<x>\",\"single_word\":true,\"normalized\":true},"
            + "{\"id\":4,\"content\":\"!\",\"special\":true}],\"truncation\":null,"
            + "\"padding\":{\"pad_id\":4,\"pad_token\":\"!\"}";
    assertEquals(
        new TokenizerFile(
            expected,
            Map.of("<x>", new AddedToken(3, true, true), "!", new AddedToken(4, false, false)),
            Optional.of("!")),
        whole(pairs, added));
  }

  @Test
  void otherTokenizersAreRefused() {
    var vocab = "\"vocab\":{\"a\":0,\"ab\":1},\"end_of_word_suffix\":\"</w>\"";
    refused("\"vocab\":[[\"a\",-1.5]]", "", "vocab: expected an object, got a list");
    refused(
        "\"vocab\":{}",
        "",
        "expected CLIP's type BPE with end_of_word_suffix </w>, got type \"BPE\"");
    refused(vocab + ",\"type\":\"Unigram\"", "", "expected every name once");
    refused(vocab + ",\"merges\":[[\"a\"]]", "", "merges: expected a text, got a list");
    refused(vocab + ",\"merges\":[[\"a\",\"b\",\"c\"]]", "", "merges: expected pairs");
    refused(vocab + ",\"merges\":[\"ab\"]", "", "merge 0: expected two tokens with a space");
    refused(vocab + ",\"merges\":[\"a c\"]", "", "merge 0: expected a pair that makes a token");
    refused(vocab, ",\"added_tokens\":[{\"content\":\"x\"}]", "id: expected an integer from 0");
    refused(vocab, ",\"added_tokens\":[{\"id\":1,\"content\":\" \"}]", "content: expected a text");
    refused(vocab, ",\"added_tokens\":{}", "added_tokens: expected a list");
  }

  private void refused(String model, String more, String expected) {
    var e = assertThrows(ConfigException.class, () -> whole(model, more));
    assertTrue(message(e).contains(expected), message(e) + "\nexpected: " + expected);
  }

  private static void check(String vocab, String merges, String expected) {
    var e = assertThrows(ConfigException.class, () -> read(vocab, merges));
    assertTrue(message(e).contains(expected), message(e) + "\nexpected: " + expected);
  }
}
