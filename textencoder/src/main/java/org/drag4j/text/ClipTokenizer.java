package org.drag4j.text;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.drag4j.weights.AddedToken;
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
  private final Map<String, Integer> tokens; // the vocabulary
  private final Special verbatim; // tokens of the prompt as it stands
  private final Special normalized; // tokens of the normalised prompt

  /** What two neighbours become, and how early. */
  private record Merge(int rank, int id) {}

  /**
   * Tokens that are taken out of a text before it is split into words.
   *
   * @param pattern of all of them, the longest first
   * @param ids by the token's text: its number, or those of all its vectors
   */
  private record Special(Pattern pattern, Map<String, int[]> ids) {
    static final Special NONE = new Special(Pattern.compile("(?!)"), Map.of());

    /** A run of text between tokens, or a token. */
    interface Sink {
      void part(String text, int @Nullable [] token);
    }

    void split(String text, Sink sink) {
      var matcher = pattern.matcher(text);
      int from = 0;
      while (matcher.find()) {
        sink.part(text.substring(from, matcher.start()), null);
        sink.part(matcher.group(), ids.get(matcher.group()));
        from = matcher.end();
      }
      sink.part(text.substring(from), null);
    }
  }

  /** A word or token, with the space before it, and its numbers. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Piece(String text, int[] ids) {}

  private ClipTokenizer(
      int startId,
      int endId,
      int padId,
      int vocabularySize,
      int[] inner,
      int[] last,
      Map<Long, Merge> merges,
      Map<String, Integer> tokens,
      Special verbatim,
      Special normalized) {
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
    this.tokens = tokens;
    this.verbatim = verbatim;
    this.normalized = normalized;
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
    return new ClipTokenizer(
        startId,
        endId,
        padId,
        vocabularySize,
        inner,
        last,
        byPair,
        Map.copyOf(tokens),
        Special.NONE,
        special(
            Map.of(
                START,
                new AddedToken(startId, true, false),
                END,
                new AddedToken(endId, true, false))));
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
    return new ClipTokenizer(
        startId, endId, padId, vocabularySize, inner, last, merges, tokens, verbatim, normalized);
  }

  /**
   * The same vocabulary with tokens beside it, as textual inversion trains them. Where {@code x}
   * and {@code x_1}, {@code x_2} and so on are among them, {@code x} stands for all, as in
   * diffusers.
   *
   * @param added by text; one that the vocabulary has must have its number there
   * @throws IllegalArgumentException where a number is out of range or another token's
   */
  public ClipTokenizer withAdded(Map<String, AddedToken> added) {
    int size = vocabularySize;
    var owners = HashMap.<Integer, String>newHashMap(tokens.size() + added.size());
    tokens.forEach((text, id) -> owners.put(id, text));
    for (var entry : added.entrySet()) {
      int id = entry.getValue().id();
      var owner = owners.putIfAbsent(id, entry.getKey());
      var known = tokens.getOrDefault(entry.getKey(), id);
      if (id < 0
          || id >= MAX_TOKENS
          || known != id
          || (owner != null && !owner.equals(entry.getKey()))) {
        throw new IllegalArgumentException(
            "tokenizer: added token \""
                + entry.getKey()
                + "\": expected "
                + (known == id
                    ? "a number of its own below " + MAX_TOKENS
                    : "the vocabulary's number " + known)
                + ", got "
                + id
                + "; check that added_tokens.json and the vocabulary belong together");
      }
      size = Math.max(size, id + 1);
    }
    var raw = new HashMap<>(added);
    raw.keySet().removeAll(List.of(START, END));
    var clean = new HashMap<String, AddedToken>();
    added.forEach((text, token) -> {
      if (token.normalized() && raw.remove(text) != null) {
        clean.put(normalize(text), token);
      }
    });
    clean.put(START, new AddedToken(startId, true, false));
    clean.put(END, new AddedToken(endId, true, false));
    return new ClipTokenizer(
        startId, endId, padId, size, inner, last, merges, tokens, special(raw), special(clean));
  }

  private static Special special(Map<String, AddedToken> tokens) {
    if (tokens.isEmpty()) {
      return Special.NONE;
    }
    var ids = HashMap.<String, int[]>newHashMap(tokens.size());
    tokens.forEach((text, token) -> {
      var vectors = IntStream.builder().add(token.id());
      int i = 1;
      for (var next = tokens.get(text + "_" + i); next != null; ) {
        vectors.add(next.id());
        next = tokens.get(text + "_" + ++i);
      }
      ids.put(text, vectors.build().toArray());
    });
    var pattern =
        new TreeMap<>(tokens)
            .descendingMap().entrySet().stream() // what begins alike, the longest first
                .map(entry ->
                    entry.getValue().singleWord()
                        ? "(?<!\\w)" + Pattern.quote(entry.getKey()) + "(?!\\w)"
                        : Pattern.quote(entry.getKey()))
                .collect(Collectors.joining("|"));
    return new Special(Pattern.compile(pattern, Pattern.UNICODE_CHARACTER_CLASS), ids);
  }

  /** The number of a token of this text, where the vocabulary has one. */
  public OptionalInt id(String token) {
    var id = tokens.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
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
   * What {@link #tokenize} leaves off, in lower case; empty where nothing.
   *
   * @throws IllegalArgumentException as {@link #encode}
   */
  public String leftOff(String text) {
    int count = 1;
    var off = new StringBuilder();
    for (var piece : pieces(text)) {
      count += piece.ids().length;
      if (count >= LENGTH) {
        off.append(piece.text());
      }
    }
    return off.toString().strip();
  }

  /**
   * The whole text in as many pieces as it needs, each int[{@link #LENGTH}] with start and end
   * token of its own, as other programs encode long prompts; one where {@link #tokenize} leaves
   * nothing off.
   *
   * @throws IllegalArgumentException as {@link #encode}
   */
  public List<int[]> chunks(String text) {
    int[] ids = encode(text);
    var chunks = new ArrayList<int[]>();
    int from = 1;
    do {
      int to = Math.min(from + LENGTH - 2, ids.length - 1);
      var chunk = new int[LENGTH];
      Arrays.fill(chunk, padId);
      chunk[0] = startId;
      System.arraycopy(ids, from, chunk, 1, to - from);
      chunk[1 + to - from] = endId;
      chunks.add(chunk);
      from = to;
    } while (from < ids.length - 1);
    return chunks;
  }

  /**
   * All ids of a text with start and end token, neither cut nor padded.
   *
   * @throws IllegalArgumentException where the text is longer than {@link #MAX_CHARS} or not
   *     well-formed Unicode
   */
  public int[] encode(String text) {
    var ids = IntStream.builder();
    ids.add(startId);
    for (var piece : pieces(text)) {
      Arrays.stream(piece.ids()).forEach(ids::add);
    }
    ids.add(endId);
    return ids.build().toArray();
  }

  /** The words and tokens of a text, in order. */
  private List<Piece> pieces(String text) {
    check(text);
    var pieces = new ArrayList<Piece>();
    // Special tokens first: else a run of punctuation before one would swallow its "<|".
    verbatim.split(
        text,
        (part, token) -> {
          if (token != null) {
            pieces.add(new Piece(part, token));
            return;
          }
          normalized.split(
              normalize(part),
              (run, special) -> {
                if (special != null) {
                  pieces.add(new Piece(run, special));
                } else {
                  words(run, pieces);
                }
              });
        });
    return pieces;
  }

  private static String normalize(String text) {
    var composed = Normalizer.normalize(text, Normalizer.Form.NFC);
    return lowerCase(SPACES.matcher(composed).replaceAll(" "));
  }

  private void words(String text, List<Piece> pieces) {
    var word = WORD.matcher(text);
    int from = 0;
    while (word.find()) {
      int[] ids = merge(word.group().getBytes(StandardCharsets.UTF_8));
      pieces.add(new Piece(text.substring(from, word.end()), ids));
      from = word.end();
    }
  }

  /**
   * Merges a word's bytes: always the pair of lowest rank, the leftmost of equals. The queue keeps
   * this O(n log n), for a hostile word may be as long as the prompt.
   */
  private int[] merge(byte[] word) {
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
    var ids = IntStream.builder();
    for (int i = 0; i < n; i = next[i]) {
      ids.add(id[i]);
    }
    return ids.build().toArray();
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
