package org.drag4j.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.drag4j.weights.AddedToken;
import org.drag4j.weights.Vocabulary;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class ClipTokenizerTest {
  private static final ClipTokenizer CLIP = ClipTokenizer.openAi();

  /** Recorded with CLIPTokenizer of transformers. */
  @Test
  void publicVocabularyGivesTheRecordedIds() throws IOException {
    var cases = json("clip-cases.json");
    assertEquals(23, cases.size());
    for (var c : cases) {
      var text = c.get("text").asString();
      assertArrayEquals(ints(c.get("untruncated")), CLIP.encode(text), text);
      assertArrayEquals(ints(c.get("ids")), CLIP.tokenize(text), text);
    }
  }

  /** Recorded with Hugging Face's tokenizers 0.22 set up as CLIPTokenizer does it. */
  @Test
  void unusualUnicodeGivesTheRecordedIds() throws IOException {
    for (var c : json("unicode-cases.json")) {
      var text = c.get("text").asString();
      assertArrayEquals(ints(c.get("untruncated")), CLIP.encode(text), text);
    }
  }

  @Test
  void smallVocabularyGivesTheRecordedIds() throws IOException {
    var tiny = tiny();
    assertEquals(1114, tiny.vocabularySize());
    var cases = json("tiny/cases.json");
    assertEquals(5, cases.size());
    for (var c : cases) {
      var text = c.get("text").asString();
      assertArrayEquals(ints(c.get("ids")), tiny.tokenize(text), text);
    }
  }

  /** The public vocabulary is read from its merges alone; its vocab.json must say the same. */
  @Test
  void idsFollowFromTheMerges() throws IOException {
    var tokens = ClipTokenizer.OpenAi.tokens(lines("clip/merges.txt"));
    assertEquals(vocabulary("clip/vocab.json"), tokens);
    assertEquals(49408, CLIP.vocabularySize());
    assertEquals(49406, CLIP.startId());
    assertEquals(49407, CLIP.endId());
    assertEquals(49407, CLIP.padId());
  }

  @Test
  void aLongPromptKeepsTheEndTokenAndTellsWhatWasCut() {
    var fits = "cat ".repeat(75);
    assertEquals(0, CLIP.excess(fits));
    assertArrayEquals(CLIP.encode(fits), CLIP.tokenize(fits));
    var longer = "cat ".repeat(80);
    assertEquals(5, CLIP.excess(longer));
    var ids = CLIP.tokenize(longer);
    assertEquals(ClipTokenizer.LENGTH, ids.length);
    assertEquals(2368, ids[75]);
    assertEquals(CLIP.endId(), ids[76]);
    assertArrayEquals(ids, CLIP.withPadding(0).tokenize(longer));
  }

  @Test
  void whatALongPromptLosesIsSaid() {
    assertEquals("", CLIP.leftOff("cat ".repeat(75)));
    assertEquals("cat", CLIP.leftOff("Cat  ".repeat(76)));
    assertEquals("dog, a bird.", CLIP.leftOff("cat ".repeat(75) + "\n Dog, a BIRD. "));
    // A word that is cut in two counts as lost: "supercalifragilistic" has more than two tokens.
    var cut = "cat ".repeat(73) + "supercalifragilistic dog";
    assertEquals("supercalifragilistic dog", CLIP.leftOff(cut));
  }

  @Test
  void aLongPromptComesInChunks() {
    var fits = "a photo of a cat";
    assertEquals(1, CLIP.chunks(fits).size());
    assertArrayEquals(CLIP.tokenize(fits), CLIP.chunks(fits).getFirst());
    assertArrayEquals(CLIP.tokenize(""), CLIP.chunks("").getFirst());
    assertEquals(1, CLIP.chunks("cat ".repeat(75)).size());
    var three = CLIP.withPadding(0).chunks("cat ".repeat(75) + "dog ".repeat(75) + "bird");
    assertEquals(3, three.size());
    assertArrayEquals(CLIP.tokenize("cat ".repeat(75)), three.get(0));
    assertArrayEquals(CLIP.tokenize("dog ".repeat(75)), three.get(1));
    assertArrayEquals(CLIP.withPadding(0).tokenize("bird"), three.get(2));
  }

  /**
   * As textual inversion adds them: with several vectors, in any case, and only as single words.
   */
  @Test
  void addedTokensAreTakenOutFirst() {
    var added =
        CLIP.withAdded(
            Map.of(
                "<Sks>", new AddedToken(49408, true, false),
                "<cat>", new AddedToken(49409, false, false),
                "<cat>_1", new AddedToken(49410, false, false),
                "<cat>_2", new AddedToken(49411, false, false),
                "zorpy", new AddedToken(49412, true, true)));
    assertEquals(49413, added.vocabularySize());
    assertArrayEquals(body(49408), body(added, "<SKS>"));
    assertArrayEquals(body(320, 49408, 2368), body(added, "a<sks>cat"));
    assertArrayEquals(body(320, 49409, 49410, 49411, 267), body(added, "A <cat>,"));
    assertArrayEquals(body(49410), body(added, "<cat>_1"));
    assertArrayEquals(CLIP.encode("<CAT>"), added.encode("<CAT>"), "not normalised: as it stands");
    assertArrayEquals(body(49412), body(added, "zorpy"));
    assertArrayEquals(CLIP.encode("xzorpy zorpyx"), added.encode("xzorpy zorpyx"));
    assertArrayEquals(CLIP.encode("a cat"), added.encode("a cat"));
  }

  /** In transformers, the padding of SD 2.x is a token of its own where it stands in a prompt. */
  @Test
  void anAddedTokenMayBeTheVocabularysOwn() {
    assertArrayEquals(body(2368, 256), body(CLIP, "cat!"));
    var sd2 = CLIP.withAdded(Map.of("!", new AddedToken(0, false, false))).withPadding(0);
    assertArrayEquals(body(2368, 0), body(sd2, "cat!"));
    assertArrayEquals(body(2368, 0, 0), body(sd2, "cat!!"));
    assertEquals(49408, sd2.vocabularySize());
  }

  @Test
  void addedTokensThatContradictTheVocabularyAreRefused() {
    for (var wrong : List.of(new AddedToken(1, false, false), new AddedToken(-1, true, false))) {
      assertThrows(
          IllegalArgumentException.class, () -> CLIP.withAdded(Map.of("<x>", wrong)), "" + wrong);
    }
    var end = Map.of("<|endoftext|>", new AddedToken(0, true, false));
    var e = assertThrows(IllegalArgumentException.class, () -> CLIP.withAdded(end));
    assertTrue(String.valueOf(e.getMessage()).contains("the vocabulary's number 49407, got 0"));
  }

  private static int[] body(int... ids) {
    return ids;
  }

  private static int[] body(ClipTokenizer tokenizer, String text) {
    int[] ids = tokenizer.encode(text);
    return Arrays.copyOfRange(ids, 1, ids.length - 1);
  }

  @Test
  void paddingIsTheCallers() {
    var sd2 = CLIP.withPadding(0);
    var ids = sd2.tokenize("a cat");
    assertArrayEquals(new int[] {49406, 320, 2368, 49407, 0}, Arrays.copyOf(ids, 5));
    assertTrue(Arrays.stream(ids, 4, ids.length).allMatch(id -> id == 0));
    assertEquals(49407, CLIP.tokenize("a cat")[4]);
    assertThrows(IllegalArgumentException.class, () -> CLIP.withPadding(49408));
    assertThrows(IllegalArgumentException.class, () -> CLIP.withPadding(-1));
  }

  @Test
  void bytesTheVocabularyLacksBecomeTheEndToken() {
    var tokens = Map.of("<|startoftext|>", 0, "<|endoftext|>", 1, "a", 2, "b</w>", 3, "ab</w>", 4);
    var small = ClipTokenizer.of(tokens, List.of("a b</w>"), 1);
    assertArrayEquals(new int[] {0, 4, 2, 1, 1}, small.encode("ab AC"));
    assertArrayEquals(new int[] {0, 1, 1, 1}, small.encode("é"));
  }

  @Test
  void hostilePromptsAreRefusedOrDealtWithInTime() {
    int max = ClipTokenizer.MAX_CHARS;
    var tooLong = "a".repeat(max + 1);
    var e = assertThrows(IllegalArgumentException.class, () -> CLIP.encode(tooLong));
    assertEquals(
        "prompt: expected at most 20000 characters, got 20001; shorten it", e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> CLIP.encode("a\ud83d b"));
    assertThrows(IllegalArgumentException.class, () -> CLIP.encode("\ude00"));
    for (var unit : List.of("a", "!", "1", " ", "'", "<|", "\u0301\u0327", "\ufb2c", "😀")) {
      var text = unit.repeat(max / unit.length());
      assertTimeout(Duration.ofSeconds(5), () -> CLIP.encode(text), unit);
    }
  }

  @Test
  void brokenVocabulariesAreRefused() {
    var good = Map.of("<|startoftext|>", 0, "<|endoftext|>", 1, "a", 2, "b", 3, "ab", 4);
    assertEquals(5, ClipTokenizer.of(good, List.of("a b"), 1).vocabularySize());
    assertRefused(Map.of("<|startoftext|>", 0), List.of(), "\"<|endoftext|>\"");
    assertRefused(good, List.of("a c"), "merge 0: expected an id for \"c\"");
    assertRefused(good, List.of("a b", "b a"), "merge 1: expected an id for \"ba\"");
    for (var line : List.of("ab", "a b c", " a", "a ", "")) {
      assertRefused(good, List.of(line), "merge 0: expected two tokens");
    }
    var negative = new HashMap<>(good);
    negative.put("c", -5);
    assertRefused(negative, List.of(), "got -5");
    var huge = new HashMap<>(good);
    huge.put("c", Integer.MAX_VALUE);
    assertRefused(huge, List.of(), "got 2147483647");
  }

  private static ClipTokenizer tiny() throws IOException {
    try (var vocab = open("tiny/vocab.json");
        var merges = open("tiny/merges.txt")) {
      return ClipTokenizer.of(Vocabulary.read(vocab, merges), 1113);
    }
  }

  private static void assertRefused(
      Map<String, Integer> tokens, List<String> merges, String message) {
    var e =
        assertThrows(
            IllegalArgumentException.class, () -> ClipTokenizer.of(tokens, merges, 1), message);
    assertTrue(Objects.requireNonNull(e.getMessage()).contains(message), e.getMessage());
  }

  private static JsonNode json(String name) throws IOException {
    try (var in = open(name)) {
      return JsonMapper.shared().readTree(in);
    }
  }

  private static Map<String, Integer> vocabulary(String name) throws IOException {
    var tokens = new HashMap<String, Integer>();
    json(name).properties().forEach(e -> tokens.put(e.getKey(), e.getValue().asInt()));
    return tokens;
  }

  private static List<String> lines(String name) throws IOException {
    try (var in = open(name)) {
      var lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines();
      return new ArrayList<>(lines.skip(1).toList());
    }
  }

  private static int[] ints(JsonNode array) {
    return array.values().stream().mapToInt(JsonNode::asInt).toArray();
  }

  private static InputStream open(String name) {
    return Objects.requireNonNull(ClipTokenizerTest.class.getResourceAsStream(name), name);
  }
}
