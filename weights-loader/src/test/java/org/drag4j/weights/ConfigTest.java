package org.drag4j.weights;

import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static org.drag4j.weights.TestFiles.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigTest {
  private static final String NAME = "unet/config.json";

  @TempDir Path folder;

  private static Config config(String json) {
    return Config.parse(NAME, json);
  }

  @Test
  void readsByTypeAndDefault() {
    var c =
        config(
            """
            {"s":"silu","i":3,"n":1e-5,"b":true,"l":[1,2],"w":["x"],"z":null,"d":[0.5,1],
             "o":{"content":"!"}}
            """);
    assertEquals("silu", c.string("s", "gelu"));
    assertEquals("gelu", c.string("absent", "gelu"));
    assertEquals("gelu", c.string("z", "gelu"));
    assertEquals(3, c.integer("i", 4));
    assertEquals(4, c.integer("z", 4));
    assertEquals(1e-5, c.number("n", 0));
    assertEquals(3.0, c.number("i"));
    assertTrue(c.bool("b", false));
    assertTrue(c.bool("z", true));
    assertEquals(List.of(1, 2), c.integers("l"));
    assertEquals(List.of(3, 3), c.integers("i", 2, 1));
    assertEquals(List.of(1, 2), c.integers("l", 2, 1));
    assertEquals(List.of(7, 7), c.integers("z", 2, 7));
    assertEquals(List.of("x"), c.strings("w"));
    assertEquals(List.of(0.5, 1.0), c.numbers("d"));
    assertEquals("!", c.object("o").orElseThrow().string("content"));
    assertEquals("[1, 2]", c.text("l").orElseThrow());
    assertFalse(c.has("z"));
    assertTrue(c.has("s"));
  }

  @Test
  void errorsNameFileAndKey() {
    check("{}", c -> c.string("k"), "k: expected a string, got nothing");
    check("{\"k\":1}", c -> c.string("k", ""), "k: expected a string, got 1");
    check("{\"k\":1.0}", c -> c.integer("k", 0), "k: expected an integer, got 1.0");
    check("{\"k\":4294967296}", c -> c.integer("k"), "k: expected an integer, got 4294967296");
    check("{\"k\":9}", c -> c.integer("k", 0, 1, 8), "k: expected an integer from 1 to 8, got 9");
    check("{\"k\":\"x\"}", c -> c.number("k", 0), "k: expected a number, got \"x\"");
    check("{\"k\":1}", c -> c.bool("k", true), "k: expected true or false, got 1");
    check("{\"k\":[]}", c -> c.integers("k"), "k: expected a list of positive integers, got []");
    check("{\"k\":[0]}", c -> c.integers("k"), "k: expected a list of positive integers, got [0]");
    check("{\"k\":[null]}", c -> c.integers("k"), "a list of positive integers, got [null]");
    check("{\"k\":[1]}", c -> c.integers("k", 2, 1), "a positive integer or a list of 2, got [1]");
    check("{\"k\":[1]}", c -> c.strings("k"), "k: expected a list of strings, got [1]");
    check("{\"k\":\"a\\nb\"}", c -> c.number("k"), "got \"a\\u000ab\"");
  }

  @Test
  void damagedTextsAreRefused() {
    check("[]", c -> {}, "expected a JSON object, got a list");
    check("", c -> {}, "expected a JSON object, got the end of the text");
    check("{\"a\":1,\"a\":2}", c -> {}, "expected every name once");
    check("{\"a\":NaN}", c -> c.number("a"), "a: expected a number, got NaN");
    check("{\"a\":-Infinity}", c -> c.number("a"), "a: expected a number, got -Infinity");
    check("{\"a\":[Infinity]}", c -> c.numbers("a"), "a: expected a list of numbers");
    check("{\"a\":-1e999}", c -> {}, "expected a finite number, got -1e999");
    check("{\"a\":1e999}", c -> {}, "expected a finite number, got 1e999");
    check("{\"a\":" + "[".repeat(100_000), c -> {}, "expected at most 32 levels of nesting");
    check("{\"a\":" + "{\"a\":".repeat(100_000), c -> {}, "expected at most 32 levels");
    check("{\"a\":" + "9".repeat(1000) + "}", c -> {}, "numbers of 100 digits");
    check("{}{}", c -> {}, "expected nothing after the JSON object");
  }

  @Test
  void whatIsNoJsonIsCalledWhatItIs() {
    assertEquals(3, config("\ufeff{\"a\":3}").integer("a"), "a byte order mark is no damage");
    for (var utf16 : List.of(UTF_16, UTF_16LE, UTF_16BE)) {
      var file = TestFiles.bytes(folder.resolve("c.json"), "{\"a\":3}".getBytes(utf16));
      var e = assertThrows(ConfigException.class, () -> Config.read(file));
      assertTrue(message(e).endsWith("got UTF-16; save it as UTF-8"), message(e));
    }
    check("version https://git-lfs.github.com/spec/v1\noid", c -> {}, "run 'git lfs pull'");
    check("<!doctype html><html>", c -> {}, "got a web page; fetch the file itself");
  }

  @Test
  void keysThatSaySomethingNobodyReadsAreFound() {
    var c =
        config(
            """
            {"_class_name":"X","read":7,"null":null,"false":false,"falses":[false,[null]],"one":1.0,
             "two":2,"new":0,"list":[false,1],"empty":{},"word":"a","other":"b","inf":-Infinity}
            """);
    var usual = Map.of("one", 1, "two", 1, "word", "a", "other", "a", "inf", -1.0 / 0);
    assertEquals(List.of("two", "new", "list", "other"), c.unread(Set.of("read"), usual));
    assertEquals(
        NAME + ": other: b means nothing to drag4j and is left out of account", c.note("other"));
    assertEquals(
        NAME + ": two: expected 1, got 2; do that", message(c.refused("two", "1", "do that")));
  }

  @Test
  void aFileIsBoundedAndNamedWithItsFolder() {
    var file = folder.resolve("vae").resolve("config.json");
    var missing = assertThrows(ModelNotFoundException.class, () -> Config.read(file));
    assertTrue(message(missing).contains("config.json: expected a file"));
    TestFiles.text(file, "{\"a\":\"x\"}");
    var e = assertThrows(ConfigException.class, () -> Config.read(file).integer("a"));
    assertTrue(message(e).startsWith(file + ": a: expected"), message(e));
    TestFiles.text(file, " ".repeat(Config.MAX_BYTES) + "{}");
    var large = assertThrows(ConfigException.class, () -> Config.read(file));
    assertTrue(message(large).contains("expected at most 1048576 bytes"), message(large));
  }

  private static void check(String json, Consumer<Config> use, String expected) {
    var e = assertThrows(ConfigException.class, () -> use.accept(config(json)));
    assertTrue(message(e).startsWith(NAME), message(e));
    assertTrue(message(e).contains(expected), message(e) + "\nexpected: " + expected);
    assertFalse(message(e).contains("\n"), message(e));
  }
}
