package org.drag4j.weights;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.drag4j.weights.TestFiles.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.util.List;
import java.util.Map;
import org.drag4j.weights.Vocabulary.Merge;
import org.junit.jupiter.api.Test;

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

  private static void check(String vocab, String merges, String expected) {
    var e = assertThrows(ConfigException.class, () -> read(vocab, merges));
    assertTrue(message(e).contains(expected), message(e) + "\nexpected: " + expected);
  }
}
