package org.drag4j.weights;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Damages safetensors files and opens them: each must be refused by a {@link SafetensorsException}
 * of one line, or be readable to its last byte, in bounded memory and time.
 *
 * <p>{@code java -cp <test class path> org.drag4j.weights.SafetensorsMutator [COUNT [SEED]]} runs a
 * million.
 */
final class SafetensorsMutator {
  /** Heap that opening a damaged file of at most 200 kB may use. */
  static final long MAX_ALLOCATED = 4 << 20;

  /** Nanoseconds that opening one may take, pauses of a busy machine included. */
  static final long MAX_NANOS = 2_000_000_000L;

  /** The first files load classes, which is not measured. */
  private static final int WARM_UP = 100;

  private static final List<String> DTYPES =
      List.of("F16", "BF16", "F32", "F64", "I64", "I32", "U8");
  private static final List<Integer> SIZES = List.of(2, 2, 4, 8, 8, 4, 1);
  private static final List<String> NUMBERS =
      List.of(
          "-1",
          "0",
          "1",
          "7",
          "2147483647",
          "2147483648",
          "9223372036854775807",
          "9223372036854775808",
          "18446744073709551615",
          "-9223372036854775808",
          "1e3",
          "1e999999999",
          "0.5",
          "-0",
          "01",
          "+1",
          "0x10",
          "NaN",
          "null",
          "true",
          "\"4\"",
          "[1]",
          "{}",
          "9".repeat(2000));
  private static final List<String> TEXTS =
      List.of(
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          "\"",
          "\\",
          "\\u0000",
          "\\ud800",
          "\\u000a",
          "/**/",
          "//\n",
          "\n",
          "\t",
          "\0",
          "\u007f",
          "\u2028",
          "\u202e",
          "ü",
          "null",
          "\"a\":",
          "__metadata__",
          "dtype",
          "shape",
          "data_offsets",
          "F8_E5M2",
          "x".repeat(2000));

  /** What became of the files. */
  record Outcome(int readable, TreeMap<String, Integer> refused, long allocated, long nanos) {
    int refusals() {
      return refused.values().stream().mapToInt(Integer::intValue).sum();
    }
  }

  private final Random random;

  private SafetensorsMutator(long seed) {
    random = new Random(seed);
  }

  public static void main(String[] args) throws IOException {
    int count = args.length > 0 ? Integer.parseInt(args[0]) : 1_000_000;
    long seed = args.length > 1 ? Long.parseLong(args[1]) : 1;
    var folder = Files.createTempDirectory("drag4j-mutator");
    try {
      var outcome = run(count, seed, folder);
      outcome.refused().forEach((reason, n) -> System.out.printf("%9d  %s%n", n, reason));
      System.out.printf(
          "%d files: %d refused, %d readable; largest heap use %d bytes, longest %.1f ms%n",
          count,
          outcome.refusals(),
          outcome.readable(),
          outcome.allocated(),
          outcome.nanos() / 1e6);
    } finally {
      Files.deleteIfExists(folder.resolve("damaged.safetensors"));
      Files.deleteIfExists(folder);
    }
  }

  /**
   * Opens this many damaged files.
   *
   * @throws AssertionError where one is neither refused properly nor readable, saying which
   */
  static Outcome run(int count, long seed, Path folder) throws IOException {
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    var file = folder.resolve("damaged.safetensors");
    var refused = new TreeMap<String, Integer>();
    int readable = 0;
    long mostAllocated = 0;
    long mostNanos = 0;
    for (int i = 0; i < count; i++) {
      byte[] damaged = new SafetensorsMutator(seed * 1_000_003 + i).damaged();
      // Rewriting a file in place makes some file systems write to the disk each time.
      Files.deleteIfExists(file);
      Files.write(file, damaged);
      long allocated = threads.getCurrentThreadAllocatedBytes();
      long nanos = System.nanoTime();
      try (var weights = Safetensors.open(file)) {
        touch(weights, damaged.length);
        readable++;
      } catch (SafetensorsException e) {
        refused.merge(reason(file, e), 1, Integer::sum);
      } catch (RuntimeException | Error e) {
        throw new AssertionError("file " + i + " of seed " + seed + ": " + e, e);
      }
      nanos = System.nanoTime() - nanos;
      allocated = threads.getCurrentThreadAllocatedBytes() - allocated;
      if (i < WARM_UP) {
        continue;
      }
      if (allocated > MAX_ALLOCATED || nanos > MAX_NANOS) {
        throw new AssertionError(
            "file %d of seed %d: expected at most %d bytes and %d ns, got %d bytes and %d ns"
                .formatted(i, seed, MAX_ALLOCATED, MAX_NANOS, allocated, nanos));
      }
      mostAllocated = Math.max(mostAllocated, allocated);
      mostNanos = Math.max(mostNanos, nanos);
    }
    return new Outcome(readable, refused, mostAllocated, mostNanos);
  }

  private static void touch(Safetensors weights, int fileBytes) {
    long sum = 0;
    long bytes = 0;
    try (var arena = Arena.ofConfined()) {
      for (var name : weights.names()) {
        var segment = weights.bytes(name, arena);
        bytes += segment.byteSize();
        for (long at = 0; at < segment.byteSize(); at++) {
          sum += segment.get(ValueLayout.JAVA_BYTE, at);
        }
      }
    }
    if (bytes > fileBytes || sum == Long.MIN_VALUE) {
      throw new AssertionError("tensors of " + bytes + " bytes in a file of " + fileBytes);
    }
  }

  /** The message without what differs from file to file. */
  private static String reason(Path file, SafetensorsException e) {
    String message = TestFiles.message(e);
    if (!message.startsWith(file + ": ") || message.contains("\n") || message.length() > 1500) {
      throw new AssertionError("expected one line that names the file, got: " + message, e);
    }
    int from = message.indexOf("expected ", file.toString().length());
    int got = message.indexOf(", got", from);
    if (from < 0 || got < 0 || message.indexOf("; ", got) < 0) {
      throw new AssertionError("expected 'expected X, got Y; what to do', got: " + message, e);
    }
    return message.substring(from, got).replaceAll("\"[^\"]*\"", "_").replaceAll("\\d+", "#");
  }

  private byte[] damaged() {
    var entries = new ArrayList<String>();
    int end = 0;
    int tensors = random.nextInt(5);
    for (int i = 0; i < tensors; i++) {
      int type = random.nextInt(DTYPES.size());
      int a = random.nextInt(5);
      int b = random.nextInt(5);
      int begin = end;
      end += a * b * SIZES.get(type);
      entries.add(
          "\"layers.%d.weight\":{\"dtype\":\"%s\",\"shape\":[%d,%d],\"data_offsets\":[%d,%d]}"
              .formatted(i, DTYPES.get(type), a, b, begin, end));
    }
    if (random.nextBoolean()) {
      entries.addFirst("\"__metadata__\":{\"format\":\"pt\",\"ü\":\"1\"}");
    }
    for (int n = random.nextInt(2); n > 0; n--) {
      rearrange(entries);
    }
    var header = "{" + String.join(",", entries) + "}";
    for (int n = random.nextInt(3); n > 0; n--) {
      header = rewrite(header);
    }
    byte[] text = header.getBytes(random.nextInt(20) == 0 ? ISO_8859_1 : UTF_8);
    byte[] file =
        ByteBuffer.allocate(8 + text.length + end)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(text.length)
            .put(text)
            .array();
    for (int n = random.nextInt(3); n > 0; n--) {
      file = corrupt(file, text.length);
    }
    return file;
  }

  private void rearrange(List<String> entries) {
    if (entries.isEmpty()) {
      return;
    }
    int at = random.nextInt(entries.size());
    switch (random.nextInt(4)) {
      case 0 -> Collections.shuffle(entries, random);
      case 1 -> entries.add(entries.get(at));
      case 2 -> entries.remove(at);
      default -> entries.set(at, entries.get(random.nextInt(entries.size())));
    }
  }

  private String rewrite(String header) {
    int at = random.nextInt(header.length());
    return switch (random.nextInt(8)) {
      case 0, 1 -> replaceOne(header, "(?<=[\\[,])\\d+", NUMBERS);
      case 2 -> replaceOne(header, "F16|F32|BF16|F64|I64|I32|U8", DTYPES);
      case 3 -> replaceOne(header, "dtype|shape|data_offsets|layers\\.\\d|format", TEXTS);
      case 4 -> header.substring(0, at) + pick(TEXTS) + header.substring(at);
      case 5 -> header.substring(0, at) + header.substring(at + 1);
      case 6 -> {
        var nest = random.nextBoolean() ? "[" : "{\"a\":";
        yield header.substring(0, at) + nest.repeat(1 + random.nextInt(20_000));
      }
      default -> header + " ".repeat(random.nextInt(20));
    };
  }

  private String replaceOne(String header, String regex, List<String> by) {
    var found = Pattern.compile(regex).matcher(header).results().toList();
    if (found.isEmpty()) {
      return header;
    }
    var match = found.get(random.nextInt(found.size()));
    return header.substring(0, match.start()) + pick(by) + header.substring(match.end());
  }

  private byte[] corrupt(byte[] file, int headerBytes) {
    int at = random.nextInt(Math.max(1, Math.min(file.length, 8 + headerBytes)));
    switch (random.nextInt(6)) {
      case 0 -> {
        return Arrays.copyOf(file, random.nextInt(file.length + 1));
      }
      case 1 -> {
        return Arrays.copyOf(file, file.length + random.nextInt(20));
      }
      case 2 -> {
        long length =
            random.nextBoolean() ? headerBytes + random.nextInt(-9, 10) : random.nextLong();
        if (file.length >= 8) {
          ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
        }
      }
      case 3 -> {
        if (file.length > 0) {
          file[at] = (byte) random.nextInt(256);
        }
      }
      default -> {
        if (file.length > 0) {
          file[at] ^= (byte) (1 << random.nextInt(8));
        }
      }
    }
    return file;
  }

  private String pick(List<String> choices) {
    return choices.get(random.nextInt(choices.size()));
  }
}
