package org.drag4j.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.drag4j.weights.Vocabulary;
import org.jspecify.annotations.Nullable;

/**
 * CLIP's byte-level byte-pair tokenizer: a prompt to the token ids of the text encoder.
 *
 * <p>Same ids as {@code CLIPTokenizer} of transformers: NFC, white space runs to one space, lower
 * case, words by regular expression, then merges of each word's UTF-8 bytes, lowest rank first.
 * Immutable; one instance may serve many threads.
 */
public final class ClipTokenizer {
  /** Tokens the text encoder takes, start and end token included. */
  public static final int LENGTH = 77;

  /** The longest prompt that is read, in {@code char}s. */
  public static final int MAX_CHARS = 20_000;

  /** Ids from here on are refused: no embedding has as many rows. */
  private static final int MAX_TOKENS = 1 << 24;

  /** The token before every prompt. */
  public static final String START = "<|startoftext|>";

  /** The token after every prompt, also the unknown token and SD 1.x's padding. */
  public static final String END = "<|endoftext|>";

  private static final String END_OF_WORD = "</w>";

  private static final Pattern SPACES = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

  private static final Pattern SPECIAL =
      Pattern.compile(Pattern.quote(START) + "|" + Pattern.quote(END));

  private static final Pattern WORD =
      Pattern.compile(
          "'s|'t|'re|'ve|'m|'ll|'d|\\p{L}++|\\p{N}|[^\\s\\p{L}\\p{N}]++",
          Pattern.UNICODE_CHARACTER_CLASS);

  private final int startId;
  private final int endId;
  private final int padId;
  private final int vocabularySize;
  private final int[] inner; // id of a byte inside a word
  private final int[] last; // id of a byte that ends a word
  private final Map<Long, Merge> merges; // by pair of ids

  /** What two neighbours become, and how early. */
  private record Merge(int rank, int id) {}

  private ClipTokenizer(
      int startId,
      int endId,
      int padId,
      int vocabularySize,
      int[] inner,
      int[] last,
      Map<Long, Merge> merges) {
    if (padId < 0 || padId >= vocabularySize) {
      throw new IllegalArgumentException(
          "tokenizer: expected the padding's id in 0.."
              + (vocabularySize - 1)
              + ", got "
              + padId
              + "; take it from pad_token in tokenizer_config.json");
    }
    this.startId = startId;
    this.endId = endId;
    this.padId = padId;
    this.vocabularySize = vocabularySize;
    this.inner = inner;
    this.last = last;
    this.merges = merges;
  }

  /**
   * The public vocabulary of OpenAI's CLIP, padded with the end token as in SD 1.x; for SD 2.x
   * {@code openAi().withPadding(0)}. Read on first use.
   */
  public static ClipTokenizer openAi() {
    return OpenAi.TOKENIZER;
  }

  /**
   * A tokenizer of this vocabulary.
   *
   * @param tokens id of every token, as in {@code vocab.json}
   * @param merges {@code "a b"} lines in rank order, as in {@code merges.txt} without its header
   * @param padId what follows the end token up to {@link #LENGTH}: the end token in SD 1.x, 0
   *     ({@code !}) in SD 2.x; {@code pad_token} of the tokenizer folder names it
   * @throws IllegalArgumentException where a special token or one of a merge is missing, an id is
   *     out of range, or a merge has not two parts
   */
  public static ClipTokenizer of(Map<String, Integer> tokens, List<String> merges, int padId) {
    var startId = id(tokens, START, "the start token");
    var endId = id(tokens, END, "the end token");
    int vocabularySize = 0;
    for (var entry : tokens.entrySet()) {
      vocabularySize = Math.max(vocabularySize, id(tokens, entry.getKey(), "vocabulary") + 1);
    }
    var names = byteNames();
    var inner = new int[256];
    var last = new int[256];
    for (int b = 0; b < 256; b++) {
      inner[b] = tokens.getOrDefault(names[b], endId);
      last[b] = tokens.getOrDefault(names[b] + END_OF_WORD, endId);
    }
    var byPair = HashMap.<Long, Merge>newHashMap(merges.size());
    for (int rank = 0; rank < merges.size(); rank++) {
      var line = merges.get(rank);
      int space = line.indexOf(' ');
      if (space <= 0 || space == line.length() - 1 || line.indexOf(' ', space + 1) >= 0) {
        throw new IllegalArgumentException(
            "tokenizer: merge "
                + rank
                + ": expected two tokens and a space, got \""
                + line
                + "\"; check merges.txt");
      }
      var first = line.substring(0, space);
      var second = line.substring(space + 1);
      var where = "merge " + rank;
      byPair.put(
          pair(id(tokens, first, where), id(tokens, second, where)),
          new Merge(rank, id(tokens, first + second, where)));
    }
    return new ClipTokenizer(startId, endId, padId, vocabularySize, inner, last, byPair);
  }

  /**
   * A tokenizer of a vocabulary that was read from a tokenizer folder.
   *
   * @throws IllegalArgumentException as {@link #of(Map, List, int)}
   */
  public static ClipTokenizer of(Vocabulary vocabulary, int padId) {
    var merges = vocabulary.merges().stream().map(m -> m.left() + " " + m.right()).toList();
    return of(vocabulary.tokens(), merges, padId);
  }

  /**
   * The same vocabulary with another padding.
   *
   * @throws IllegalArgumentException where the vocabulary has no such id
   */
  public ClipTokenizer withPadding(int padId) {
    return new ClipTokenizer(startId, endId, padId, vocabularySize, inner, last, merges);
  }

  /** Id of the token before every prompt. */
  public int startId() {
    return startId;
  }

  /** Id of the token after every prompt; the pooled output is taken where it first appears. */
  public int endId() {
    return endId;
  }

  /** Id that fills up after the end token. */
  public int padId() {
    return padId;
  }

  /** One more than the largest id: the rows a text encoder's token embedding must have. */
  public int vocabularySize() {
    return vocabularySize;
  }

  /**
   * The ids the text encoder takes, int[{@link #LENGTH}]: start, words, end, padding. Tokens that
   * do not fit are left off, the end token stays; {@link #excess} tells how many.
   *
   * @throws IllegalArgumentException as {@link #encode}
   */
  public int[] tokenize(String text) {
    var ids = encode(text);
    int length = ids.length;
    ids = Arrays.copyOf(ids, LENGTH);
    if (length > LENGTH) {
      ids[LENGTH - 1] = endId;
    } else {
      Arrays.fill(ids, length, LENGTH, padId);
    }
    return ids;
  }

  /**
   * How many tokens {@link #tokenize} leaves off.
   *
   * @throws IllegalArgumentException as {@link #encode}
   */
  public int excess(String text) {
    return Math.max(0, encode(text).length - LENGTH);
  }

  /**
   * All ids of a text with start and end token, neither cut nor padded.
   *
   * @throws IllegalArgumentException where the text is longer than {@link #MAX_CHARS} or not
   *     well-formed Unicode
   */
  public int[] encode(String text) {
    check(text);
    var composed = Normalizer.normalize(text, Normalizer.Form.NFC);
    var clean = lowerCase(SPACES.matcher(composed).replaceAll(" "));
    var ids = IntStream.builder();
    ids.add(startId);
    // Special tokens first: else a run of punctuation before one would swallow its "<|".
    var special = SPECIAL.matcher(clean);
    int from = 0;
    while (special.find()) {
      words(clean.substring(from, special.start()), ids);
      ids.add(special.group().equals(START) ? startId : endId);
      from = special.end();
    }
    words(clean.substring(from), ids);
    ids.add(endId);
    return ids.build().toArray();
  }

  private void words(String text, IntStream.Builder ids) {
    var word = WORD.matcher(text);
    while (word.find()) {
      merge(word.group().getBytes(StandardCharsets.UTF_8), ids);
    }
  }

  /**
   * Merges a word's bytes: always the pair of lowest rank, the leftmost of equals. The queue keeps
   * this O(n log n), for a hostile word may be as long as the prompt.
   */
  private void merge(byte[] word, IntStream.Builder ids) {
    int n = word.length;
    var id = new int[n];
    var next = new int[n]; // of the neighbours still there; n past the end
    var previous = new int[n];
    for (int i = 0; i < n; i++) {
      id[i] = (i == n - 1 ? last : inner)[word[i] & 0xff];
      next[i] = i + 1;
      previous[i] = i - 1;
    }
    var queue = new PriorityQueue<Long>(); // rank in the high half, position in the low
    for (int i = 0; i + 1 < n; i++) {
      enqueue(queue, i, mergeAt(i, id, next));
    }
    while (!queue.isEmpty()) {
      long candidate = queue.remove();
      int i = (int) candidate;
      var merge = mergeAt(i, id, next);
      if (merge == null || merge.rank() != (int) (candidate >>> 32)) {
        continue; // one of the two has been merged since
      }
      int gone = next[i];
      id[i] = merge.id();
      id[gone] = -1;
      next[i] = next[gone];
      if (next[i] < n) {
        previous[next[i]] = i;
        enqueue(queue, i, mergeAt(i, id, next));
      }
      if (previous[i] >= 0) {
        enqueue(queue, previous[i], mergeAt(previous[i], id, next));
      }
    }
    for (int i = 0; i < n; i = next[i]) {
      ids.add(id[i]);
    }
  }

  private @Nullable Merge mergeAt(int i, int[] id, int[] next) {
    return id[i] < 0 || next[i] == id.length ? null : merges.get(pair(id[i], id[next[i]]));
  }

  private static void enqueue(PriorityQueue<Long> queue, int i, @Nullable Merge merge) {
    if (merge != null) {
      queue.add((long) merge.rank() << 32 | i);
    }
  }

  /**
   * A key of its own for each pair; the odd factor spreads what Long's hash would fold together.
   */
  private static long pair(int first, int second) {
    return ((long) first << 32 | second) * 0x9E3779B97F4A7C15L;
  }

  private static void check(String text) {
    if (text.length() > MAX_CHARS) {
      throw new IllegalArgumentException(
          "prompt: expected at most "
              + MAX_CHARS
              + " characters, got "
              + text.length()
              + "; shorten it");
    }
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      int c = text.codePointAt(i);
      if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
        throw new IllegalArgumentException(
            "prompt: expected Unicode text, got half a surrogate pair at character "
                + i
                + "; remove it");
      }
    }
  }

  /** Lower case of each code point by itself: no final sigma, as the reference does. */
  private static String lowerCase(String text) {
    var lower = new StringBuilder(text.length());
    text.codePoints()
        .forEach(c -> {
          lower.appendCodePoint(Character.toLowerCase(c));
          if (c == 0x130) {
            lower.append('\u0307'); // the only one whose lower case is two code points
          }
        });
    return lower.toString();
  }

  private static int id(Map<String, Integer> tokens, String token, String where) {
    var id = tokens.get(token);
    if (id == null || id < 0 || id >= MAX_TOKENS) {
      throw new IllegalArgumentException(
          "tokenizer: "
              + where
              + ": expected an id for \""
              + token
              + "\" below "
              + MAX_TOKENS
              + ", got "
              + (id == null ? "none" : id)
              + "; check that vocab.json and merges.txt belong together");
    }
    return id;
  }

  /**
   * The character that stands for each byte in the vocabulary: itself where Latin-1 prints it, else
   * the next one from U+0100 up.
   */
  private static String[] byteNames() {
    var names = new String[256];
    int next = 0x100;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= '!' && b <= '~') || (b >= 0xa1 && b != 0xad);
      names[b] = Character.toString(printable ? b : next++);
    }
    return names;
  }

  /** The shipped vocabulary, read when it is first asked for. */
  static final class OpenAi {
    private static final ClipTokenizer TOKENIZER = read();

    private static ClipTokenizer read() {
      var merges = mergeLines();
      var tokens = tokens(merges);
      return of(tokens, merges, tokens.size() - 1);
    }

    /**
     * The ids follow from the merges: printable bytes, other bytes, the same at the end of a word,
     * what each merge makes, start and end.
     */
    static Map<String, Integer> tokens(List<String> merges) {
      var tokens = HashMap.<String, Integer>newHashMap(merges.size() + 514);
      var names = byteNames();
      for (var ending : List.of("", END_OF_WORD)) {
        Arrays.stream(names)
            .filter(n -> n.charAt(0) < 0x100)
            .forEach(n -> append(tokens, n + ending));
        Arrays.stream(names)
            .filter(n -> n.charAt(0) >= 0x100)
            .forEach(n -> append(tokens, n + ending));
      }
      merges.forEach(line -> append(tokens, line.replace(" ", "")));
      append(tokens, START);
      append(tokens, END);
      return tokens;
    }

    private static List<String> mergeLines() {
      try (var in = ClipTokenizer.class.getResourceAsStream("clip/merges.txt")) {
        if (in == null) {
          throw new IllegalStateException(
              "tokenizer: expected the resource org/drag4j/text/clip/merges.txt, got none; the"
                  + " installation is incomplete");
        }
        var lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines();
        return lines.skip(1).toList(); // the first says "#version"
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static void append(Map<String, Integer> tokens, String token) {
      tokens.put(token, tokens.size());
    }
  }
}
