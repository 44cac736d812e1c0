package org.drag4j.weights;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.drag4j.weights.TestFiles.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.tensor.WeightSource.Entry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsTest {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @TempDir Path folder;

  private Path file() {
    return folder.resolve("w.safetensors");
  }

  @Test
  void readsWhatTheWriterWrites() {
    var shapes = new LinkedHashMap<String, Shape>();
    shapes.put("b.weight", Shape.of(2, 3));
    shapes.put("a", Shape.of());
    shapes.put("none", Shape.of(0, 5));
    shapes.put("ü", Shape.of(4));
    TestFiles.write(file(), shapes);
    try (var weights = Safetensors.open(file());
        var arena = Arena.ofConfined()) {
      assertEquals(List.of("b.weight", "a", "none", "ü"), List.copyOf(weights.names()));
      assertEquals(Optional.of(new Entry(Shape.of(2, 3), DType.F32)), weights.entry("b.weight"));
      assertEquals(Optional.empty(), weights.entry("c"));
      assertEquals("pt", weights.metadata().get("format"));
      assertEquals(file().toString(), weights.origin());
      var b = weights.bytes("b.weight", arena);
      assertEquals(24, b.byteSize());
      assertTrue(b.isReadOnly());
      assertEquals(5f, b.get(FLOAT, 20));
      assertEquals(100f, weights.bytes("a", arena).get(FLOAT, 0));
      assertEquals(0, weights.bytes("none", arena).byteSize());
      assertEquals(303f, weights.bytes("ü", arena).get(FLOAT, 12));
    }
  }

  @Test
  void closingTheArenaUnmapsAndClosingTheFileDoesNot() {
    TestFiles.write(file(), new LinkedHashMap<>(Map.of("a", Shape.of(3))));
    var weights = Safetensors.open(file());
    var arena = Arena.ofConfined();
    var a = weights.bytes("a", arena);
    weights.close();
    assertEquals(2f, a.get(FLOAT, 8));
    arena.close();
    assertThrows(IllegalStateException.class, () -> a.get(FLOAT, 8));
  }

  @Test
  void readsTensorsBeyondFourGigabytes() throws IOException {
    long far = 5_000_000_000L;
    var header =
        "{\"big\":{\"dtype\":\"U8\",\"shape\":[5,1000000000],\"data_offsets\":[0,%d]},%s}"
            .formatted(far, TestFiles.f32("last", 2, far))
            .getBytes(UTF_8);
    TestFiles.raw(file(), header, 0);
    try (var channel = FileChannel.open(file(), StandardOpenOption.WRITE)) {
      // Beyond the end: the file system stores only these bytes.
      var data = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      channel.write(data.putFloat(7f).putFloat(8f).flip(), 8 + header.length + far);
    }
    try (var weights = Safetensors.open(file());
        var arena = Arena.ofConfined()) {
      assertEquals(8f, weights.bytes("last", arena).get(FLOAT, 4));
      assertEquals(far, weights.bytes("big", arena).byteSize());
    }
  }

  @Test
  void readsAllSupportedTypesAndAnyOrderInTheHeader() {
    var header =
        """
        {"f":{"data_offsets":[8,10],"dtype":"F16","shape":[1]},
         "i":{"shape":[1],"dtype":"I64","data_offsets":[0,8]},
         "g":{"dtype":"BF16","shape":[1],"data_offsets":[10,12]},
         "d":{"dtype":"F64","shape":[1],"data_offsets":[12,20]},
         "n":{"dtype":"I32","shape":[1],"data_offsets":[20,24]},
         "u":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1],"data_offsets":[24,25]}}
        """;
    try (var weights = Safetensors.open(TestFiles.raw(file(), header, 25))) {
      assertEquals(List.of("i", "f", "g", "d", "n", "u"), List.copyOf(weights.names()));
      assertEquals(8, weights.entry("u").orElseThrow().shape().rank());
    }
  }

  @Test
  void anUnknownTensorIsAMismatch() {
    TestFiles.write(file(), new LinkedHashMap<>(Map.of("a", Shape.of(3))));
    try (var weights = Safetensors.open(file());
        var arena = Arena.ofConfined()) {
      var e = assertThrows(WeightMismatchException.class, () -> weights.bytes("b", arena));
      assertTrue(message(e).contains("expected a tensor \"b\", got none"), message(e));
    }
  }

  @Test
  void aFileThatChangedIsRefused() throws IOException {
    TestFiles.write(file(), new LinkedHashMap<>(Map.of("a", Shape.of(3000))));
    try (var weights = Safetensors.open(file());
        var arena = Arena.ofConfined()) {
      Files.setLastModifiedTime(file(), FileTime.fromMillis(1));
      var modified = assertThrows(SafetensorsException.class, () -> weights.bytes("a", arena));
      assertTrue(message(modified).contains("as it was opened"), message(modified));
      try (var cut = new RandomAccessFile(file().toFile(), "rw")) {
        cut.setLength(100);
      }
      var e = assertThrows(SafetensorsException.class, () -> weights.bytes("a", arena));
      assertTrue(message(e).contains("got 100 bytes"), message(e));
      Files.delete(file());
      var gone = assertThrows(SafetensorsException.class, () -> weights.bytes("a", arena));
      assertTrue(message(gone).contains("got no file"), message(gone));
    }
  }

  @Test
  void aMissingFileAndAFolderAreNamed() {
    var missing = assertThrows(ModelNotFoundException.class, () -> Safetensors.open(file()));
    assertTrue(message(missing).startsWith(file().toString()), message(missing));
    var e = assertThrows(SafetensorsException.class, () -> Safetensors.open(folder));
    assertTrue(message(e).contains("got a folder"), message(e));
  }

  @Test
  void theLengthIsChecked() {
    check(TestFiles.bytes(file(), new byte[5]), "expected at least 8 bytes, got 5");
    check(length(1000, 50), "expected a header within the file's 58 bytes, got 1000");
    check(length(100_000_001L, 50), "header of at most 100000000 bytes, got 100000001");
    check(length(-1, 50), "header of at most 100000000 bytes, got 18446744073709551615");
    check(length(0, 50), "expected the header to begin with '{', got no bytes");
    check(TestFiles.text(file(), "version https://git-lfs.github.com/spec/v1\n"), "git lfs pull");
  }

  private Path length(long length, int more) {
    return TestFiles.bytes(
        file(),
        ByteBuffer.allocate(8 + more).order(ByteOrder.LITTLE_ENDIAN).putLong(length).array());
  }

  @Test
  void utf8IsChecked() {
    byte[] header = "{\"aXb\":1}".getBytes(UTF_8);
    header[3] = (byte) 0xff;
    check(TestFiles.raw(file(), header, 0), "expected UTF-8, got byte 0xff at byte 3");
    header[3] = 0;
    check(TestFiles.raw(file(), header, 0), "expected UTF-8, got byte 0x00 at byte 3");
    byte[] cut = "{}ü".getBytes(UTF_8);
    check(
        TestFiles.raw(file(), Arrays.copyOf(cut, 3), 0), "expected UTF-8, got byte 0xc3 at byte 2");
  }

  static Stream<Arguments> damagedHeaders() {
    String a = TestFiles.f32("a", 2, 0);
    return Stream.of(
        damaged(" {}", "expected the header to begin with '{', got byte 0x20"),
        damaged("[]", "expected the header to begin with '{'"),
        damaged("{} x", "expected valid JSON"),
        damaged("{} 1", "expected nothing after the JSON object, got 1"),
        damaged("{" + a, "expected valid JSON"),
        damaged("{" + a + "," + a + "}", "expected every name once"),
        damaged("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", "expected every name once"),
        damaged(
            "{\"__metadata__\":{\"k\":1}}",
            "tensor \"__metadata__\"",
            "\"k\": expected a string, got 1"),
        damaged("{\"__metadata__\":[]}", "expected an object of strings, got a list"),
        damaged("{\"a\":[]}", "tensor \"a\" (header character 5): expected an object, got a list"),
        damaged("{\"a\":" + "[".repeat(100_000) + "}", "expected an object, got a list"),
        damaged("{\"__metadata__\":{\"a\":" + "[".repeat(100_000), "expected a string, got a list"),
        entry("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1", "got \"x\""),
        damaged("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", "expected every name once"),
        entry("\"shape\":[2],\"data_offsets\":[0,8]", "got no dtype"),
        entry("\"dtype\":\"F32\",\"data_offsets\":[0,8]", "got no shape"),
        entry("\"dtype\":\"F32\",\"shape\":[2]", "got no data_offsets"),
        entry("\"dtype\":\"F8_E4M3\"", "I32 or U8, got \"F8_E4M3\"; convert the file"),
        entry("\"dtype\":4", "dtype: expected a string, got 4"),
        entry("\"shape\":2", "shape: expected a list of integers, got 2"),
        entry("\"shape\":[2.0]", "shape: expected integers from 0 to 2^63-1, got 2.0"),
        entry("\"shape\":[-2]", "shape: expected integers from 0 to 2^63-1, got -2"),
        entry("\"shape\":[[2]]", "got a list"),
        entry("\"shape\":[99999999999999999999]", "got 99999999999999999999"),
        damaged("{\"a\":{\"shape\":[" + "9".repeat(200) + "]}}", "numbers of 100 digits"),
        entry("\"shape\":[2147483648]", "expected dimensions below 2^31, got 2147483648"),
        entry("\"shape\":[1,1,1,1,1,1,1,1,1]", "shape: expected at most 8 integers, got more"),
        entry(
            "\"dtype\":\"F32\",\"shape\":[2147483647,2147483647,2],\"data_offsets\":[0,8]",
            "expected fewer than 2^63 bytes, got [2147483647, 2147483647, 2]"),
        entry(
            "\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]",
            "data_offsets: expected 12 bytes for F32 [3], got 8 [0, 8]"),
        entry(
            "\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[8,4]",
            "data_offsets: expected begin <= end, got [8, 4]"),
        entry(
            "\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]", "expected two integers, got 1"),
        entry("\"data_offsets\":[0,4,8]", "expected at most 2 integers, got more"),
        entry(
            "\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]",
            "expected an end of at most 8, the bytes after the header, got 16; the file is cut"),
        damaged(
            "{" + TestFiles.f32("a", 1, 4) + "}",
            "tensor \"a\": data_offsets: expected to begin at 0, where the header ends, got 4 (a"
                + " hole"),
        damaged(
            "{" + TestFiles.f32("a", 2, 0) + "," + TestFiles.f32("b", 1, 4) + "}",
            "tensor \"b\": data_offsets: expected to begin at 8, where \"a\" ends, got 4 (they"
                + " overlap"),
        damaged(
            "{" + TestFiles.f32("a", 1, 0) + "}",
            "expected 4 bytes after the header, the end of \"a\", got 8"),
        damaged(
            "{" + TestFiles.f32("", 2, 0) + "}", "expected a name of 1 to 1024 characters, got 0"),
        damaged(
            "{" + TestFiles.f32("n".repeat(1025), 2, 0) + "}",
            "expected a name of 1 to 1024 characters, got 1025"),
        damaged("{" + TestFiles.f32("a\\u000a", 2, 0) + "}", "\"a\\u000a\"", "without control"),
        damaged("{" + TestFiles.f32("a\\ud800", 2, 0) + "}", "Broken surrogate pair"));
  }

  private static Arguments damaged(String header, String... expected) {
    return Arguments.of(header, List.of(expected));
  }

  private static Arguments entry(String fields, String expected) {
    return Arguments.of("{\"a\":{" + fields + "}}", List.of("tensor \"a\"", expected));
  }

  @ParameterizedTest
  @MethodSource("damagedHeaders")
  void aDamagedHeaderIsRefused(String header, List<String> expected) {
    check(TestFiles.raw(file(), header, 8), expected.toArray(String[]::new));
  }

  @Test
  void tooManyTensorsAreRefused() {
    var header = new StringBuilder("{");
    for (int i = 0; i <= SafetensorsHeader.MAX_TENSORS; i++) {
      header.append(i == 0 ? "" : ",").append(TestFiles.f32("t" + i, 0, 0));
    }
    check(TestFiles.raw(file(), header + "}", 0), "expected at most 100000 tensors, got more");
  }

  private static void check(Path file, String... expected) {
    var e = assertThrows(SafetensorsException.class, () -> Safetensors.open(file));
    String message = message(e);
    assertTrue(message.startsWith(file + ": "), message);
    assertFalse(message.contains("\n"), message);
    assertTrue(message.contains("; "), "says what to do: " + message);
    for (var part : expected) {
      assertTrue(message.contains(part), message + "\nexpected: " + part);
    }
  }
}
