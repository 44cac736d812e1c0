package org.drag4j.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.drag4j.geometry.EditDocumentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/** A record of every type of component, read, written and described. */
class SettingsTest {
  private static final JsonMapper MAPPER = new JsonMapper();

  enum Way {
    TO_AND_FRO,
    ONCE
  }

  record Every(
      @Setting(help = "how often", standard = "3", least = 1, most = 9, label = "Times") int times,
      @Setting(help = "how far", standard = "5000000000", least = -7, most = 9e15) long far,
      @Setting(
              help = "how much",
              standard = "0.75",
              format1 = "1",
              faithful = "2",
              most = 4,
              form = "less than times")
          double much,
      @Setting(help = "whether", standard = "true", format1 = "false") boolean whether,
      @Setting(
              help = "where",
              standard = "a.b",
              most = 5,
              pattern = "[a-z.]+",
              form = "a \"path\"",
              remedy = "write a.b")
          String where,
      @Setting(help = "what for", label = "Negative prompt") String what,
      @Setting(help = "which way", standard = "to-and-fro", faithful = "once", label = "Sampler")
          Way way,
      @Setting(help = "when", standard = "[1, 8]", most = 50) StepRange when,
      @Setting(help = "at most", most = 9, absent = "no end", label = "Most")
          Optional<Integer> most,
      @Setting(help = "on the side", most = 1, format1 = "0.5", absent = "none")
          Optional<Double> side,
      @Setting(help = "as it was", standard = "false") boolean faithful) {
    Every {
      if (much >= times) {
        throw new EditDocumentException("much", "less than times", "" + much, "choose less");
      }
    }
  }

  private static final MethodTable TABLE =
      new MethodTable() {
        @Override
        public List<String> names(Format format) {
          return format == Format.V1 ? List.of("every") : List.of("every", "other");
        }

        @Override
        public String standard(Format format) {
          return "every";
        }

        @Override
        public Settings<?> settings(String name) {
          return name.equals("every") ? Settings.of(Every.class) : Settings.of(Other.class);
        }
      };

  record Other(@Setting(help = "how often", standard = "4", least = 1, most = 9) int times) {}

  private static EditDocument parse(int format, String method) {
    byte[] bytes =
        """
        {"method": %s, "image": {"file": "a"}, "format": "drag-edit/%d", "drags": [
         {"handle": {"rectangle": [1,1,9,9]}, "target": {"rectangle": [9,9,9,9]}}]}\
        """
            .formatted(method, format)
            .getBytes(StandardCharsets.UTF_8);
    return EditDocument.parse("x", bytes, MaskSource.NONE, TABLE);
  }

  private static Record read(int format, String method) {
    return parse(format, method).method().parameters();
  }

  private static Every standard(
      double much, boolean whether, Way way, Optional<Double> side, boolean faithful) {
    return new Every(
        3,
        5_000_000_000L,
        much,
        whether,
        "a.b",
        "",
        way,
        new StepRange(1, 8),
        Optional.empty(),
        side,
        faithful);
  }

  @Test
  void defaultsDependOnFormatAndFaithfulness() {
    assertEquals(standard(0.75, true, Way.TO_AND_FRO, Optional.empty(), false), read(2, "{}"));
    assertEquals(standard(1, false, Way.TO_AND_FRO, Optional.of(0.5), false), read(1, "{}"));
    assertEquals(
        standard(2, true, Way.ONCE, Optional.empty(), true), read(2, "{\"faithful\": true}"));
    // The first format never knew the paper's values.
    assertEquals(
        standard(1, false, Way.TO_AND_FRO, Optional.of(0.5), true),
        read(1, "{\"faithful\": true}"));
    // What is said holds, whatever it is.
    assertEquals(
        standard(0.75, true, Way.TO_AND_FRO, Optional.empty(), true),
        read(2, "{\"much\": 0.75, \"way\": \"to-and-fro\", \"faithful\": true}"));
  }

  @Test
  void everyTypeIsReadAndWritten() {
    String all =
        """
        {"name":"every","times":9,"far":-7,"much":0.125,"whether":false,"where":"b","what":"a, b",
        "way":"once","when":[0,50],"most":9,"side":1,"faithful":true}\
        """;
    var expected =
        new Every(
            9,
            -7,
            0.125,
            false,
            "b",
            "a, b",
            Way.ONCE,
            new StepRange(0, 50),
            Optional.of(9),
            Optional.of(1.0),
            true);
    for (int format = 1; format <= 2; format++) {
      var document = parse(format, all);
      assertEquals(new EditDocument.Method("every", expected), document.method());
      assertEquals(
          MAPPER.readTree(all), MAPPER.readTree(document.toJson()).get("method"), "written");
    }
    for (int format = 1; format <= 2; format++) {
      var sparse = parse(format, "{\"what\": \"x\", \"faithful\": true}");
      byte[] again = sparse.toJson().getBytes(StandardCharsets.UTF_8);
      assertEquals(sparse, EditDocument.parse("x", again, MaskSource.NONE, TABLE));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'times': 0} | times: expected a whole number from 1 to 9, got 0; correct it",
        "{'times': 1.5} | times: expected a whole number from 1 to 9, got 1.5; correct it",
        "{'far': 1e3} | far: expected a whole number from -7 to 9000000000000000, got 1e3;",
        "{'much': 4.5} | much: expected a number from 0 to 4, got 4.5; correct it",
        "{'much': 2, 'times': 2} | much: expected less than times, got 2.0; choose less",
        "{'whether': 1} | whether: expected true or false, got 1; correct it",
        "{'where': 'A'} | where: expected a \"path\", got \"A\"; write a.b",
        "{'where': 'aaaaaa'} | where: expected a \"path\", got \"aaaaaa\"; write a.b",
        "{'what': 3} | what: expected a text in quotes, got 3; correct it",
        "{'way': 'back'} | way: expected one of \"to-and-fro\", \"once\", got \"back\"; correct it",
        "{'when': [3, 2]} | when: expected [first, end] in order, 0 to 50, got [3, 2]; correct it",
        "{'when': [3, 51]} | when: expected [first, end] in order, 0 to 50, got [3, 51];",
        "{'when': [3]} | when: expected two step numbers [first, end], got a list; correct it",
        "{'when': [0.5, 1]} | when: expected whole numbers, got fractions; round them",
        "{'most': null} | most: expected a whole number from 0 to 9, got null; correct it",
        "{'most': 10} | most: expected a whole number from 0 to 9, got 10; correct it",
        "{'wehre': 'a'} | wehre: expected one of name, times, far, much, whether, where, what,",
        "{'name': 'evry'} | name: expected one of \"every\", \"other\", got \"evry\"; correct it",
        "{'x': 1, 'name': 'no'} | name: expected one of \"every\", \"other\", got \"no\"; correct",
        "{'much': 1, 'name': 'other'} | much: expected one of name, times, got an unknown field;",
      })
  void refuses(String method, String message) {
    var e = assertThrows(EditDocumentException.class, () -> parse(2, method.replace('\'', '"')));
    String got = String.valueOf(e.getMessage());
    assertTrue(got.startsWith("x: method." + message), got);
    assertTrue(!message.startsWith("wehre") || got.endsWith("; did you mean where?"), got);
  }

  @Test
  void theFirstFormatKnowsOneMethod() {
    assertEquals(new Other(5), read(2, "{\"times\": 5, \"name\": \"other\"}"));
    var e = assertThrows(EditDocumentException.class, () -> parse(1, "{\"name\": \"other\"}"));
    assertEquals("x: method.name: expected \"every\", got \"other\"; correct it", e.getMessage());
  }

  @Test
  void recordsMadeInCodeAreCheckedToo() {
    var good = standard(0.75, true, Way.TO_AND_FRO, Optional.of(0.5), false);
    Settings.check(good);
    var far =
        new Every(3, -8, 1, true, "a", "", Way.ONCE, good.when(), good.most(), good.side(), false);
    var e = assertThrows(EditDocumentException.class, () -> new EditDocument.Method("every", far));
    assertEquals(
        "method.far: expected -7 to 9000000000000000, got -8; choose another number",
        e.getMessage());
    var side =
        new Every(
            3, 0, 1, true, "a", "", Way.ONCE, good.when(), good.most(), Optional.of(1.5), false);
    e = assertThrows(EditDocumentException.class, () -> Settings.check(side));
    assertEquals("side: expected 0 to 1, got 1.5; choose another value", e.getMessage());
  }

  @Test
  void describesItself() {
    assertEquals(
        """
        | `times` | whole number | 1 to 9 | `3` | how often |
        | `far` | whole number | -7 to 9000000000000000 | `5000000000` | how far |
        | `much` | number | 0 to 4, less than times | `0.75`, with `faithful` `2` | how much |
        | `whether` | true or false | | `true` | whether |
        | `where` | text | up to 5 characters: a `path` | `a.b` | where |
        | `what` | text | up to 16384 characters | `""` | what for |
        | `way` | text | `to-and-fro`, `once` | `to-and-fro`, with `faithful` `once` | which way |
        | `when` | list of whole numbers | 2 numbers, 0 to 50, in order | `[1, 8]` | when |
        | `most` | whole number | 0 to 9 | no end | at most |
        | `side` | number | 0 to 1 | none | on the side |
        | `faithful` | true or false | | `false` | as it was |
        """,
        Settings.of(Every.class).table());
    var properties = Settings.of(Every.class).schema().get("properties");
    assertEquals(
        MAPPER.readTree(
            """
            {"type":"number","minimum":0,"maximum":4,"default":0.75,"description":"How much."}\
            """),
        MAPPER.readTree(properties.get("much").toString()));
    assertEquals(
        MAPPER.readTree(
            """
            {"type":"integer","minimum":0,"maximum":9,"description":"At most. Default: no end."}\
            """),
        MAPPER.readTree(properties.get("most").toString()));
    assertEquals(
        MAPPER.readTree(
            """
            {"type":"string","maxLength":5,"pattern":"^[a-z.]+$","default":"a.b",
            "description":"Where."}\
            """),
        MAPPER.readTree(properties.get("where").toString()));
    assertEquals(
        Settings.of(Every.class).names(), List.copyOf(properties.propertyNames()), "in order");
  }

  @Test
  void showsWhatHasALabel() {
    var values = standard(1, true, Way.TO_AND_FRO, Optional.empty(), false);
    assertEquals(
        Map.of("Times", 3, "Negative prompt", "", "Sampler", "to-and-fro"),
        Settings.labelled(values));
    assertEquals(Optional.of(3), Settings.value(values, "times"));
    assertEquals(Optional.empty(), Settings.value(values, "side"));
    assertEquals(Optional.empty(), Settings.value(values, "steps"));
  }

  @Test
  void changesWhatIsNamed() {
    var settings = Settings.of(Every.class);
    var values = standard(1, true, Way.TO_AND_FRO, Optional.of(0.5), false);
    assertEquals(
        standard(1, true, Way.ONCE, Optional.empty(), false),
        settings.with(values, Map.of("way", Way.ONCE, "side", Optional.empty())));
    assertThrows(
        IllegalArgumentException.class, () -> settings.with(values, Map.of("wya", Way.ONCE)));
    assertThrows(EditDocumentException.class, () -> settings.with(values, Map.of("much", 3.5)));
  }

  @Test
  void helpsOnATerminal() {
    String help = Settings.of(Every.class).help("method.");
    assertTrue(
        help.startsWith(
            """
            method.times: whole number, 1 to 9; default 3
                how often
            """),
        help);
    assertEquals(2L * Settings.of(Every.class).names().size(), help.lines().count());
  }

  record Key(int steps, double start, Way way, String layers, Optional<Double> most) {}

  @Test
  void aRecordIsAText() {
    var key = new Key(3, 1, Way.ONCE, "a\"b", Optional.empty());
    assertEquals(
        "{\"steps\":3,\"start\":1,\"way\":\"once\",\"layers\":\"a\\\"b\"}", Settings.text(key));
    assertNotEquals(
        Settings.text(key), Settings.text(new Key(3, 1 + 1e-15, Way.ONCE, "a\"b", key.most())));
  }

  @Test
  void faithfulThatIsSetDecidesWhatIsAtItsDefault() {
    var document = parse(2, "{\"way\": \"once\"}");
    var set = document.withSettings("x", List.of("method.faithful=true"), MaskSource.NONE, TABLE);
    assertEquals(standard(2, true, Way.ONCE, Optional.empty(), true), set.method().parameters());
    var back = set.withSettings("x", List.of("method.faithful=false"), MaskSource.NONE, TABLE);
    assertEquals(
        standard(0.75, true, Way.TO_AND_FRO, Optional.empty(), false), back.method().parameters());
    var said =
        document.withSettings(
            "x", List.of("method.much=0.75", "method.faithful=true"), MaskSource.NONE, TABLE);
    assertEquals(
        standard(0.75, true, Way.ONCE, Optional.empty(), true), said.method().parameters());
  }

  @Test
  void anotherMethodComesWithItsDefaults() {
    var document = parse(2, "{\"times\": 8}");
    var other = document.withSettings("x", List.of("method.name=other"), MaskSource.NONE, TABLE);
    assertEquals(new EditDocument.Method("other", new Other(4)), other.method());
    var more =
        document.withSettings(
            "x", List.of("method.name=other", "method.times=7"), MaskSource.NONE, TABLE);
    assertEquals(new Other(7), more.method().parameters());
    // The method that it has keeps what the document says.
    assertEquals(
        document, document.withSettings("x", List.of("method.name=every"), MaskSource.NONE, TABLE));
    var e =
        assertThrows(
            EditDocumentException.class,
            () -> document.withSettings("x", List.of("method.name=no"), MaskSource.NONE, TABLE));
    assertEquals(
        "x: method.name: expected one of \"every\", \"other\", got \"no\"; correct it",
        e.getMessage());
  }

  record Bare(int steps) {}

  record Unbounded(@Setting(help = "x", standard = "1") int steps) {}

  record Beyond(@Setting(help = "x", standard = "9", most = 3) int steps) {}

  record Present(
      @Setting(help = "x", most = 3, standard = "1", absent = "2") Optional<Integer> steps) {}

  record Odd(@Setting(help = "x") List<String> steps) {}

  @Test
  void refusesRecordsThatCannotBe() {
    for (var type : List.of(Bare.class, Unbounded.class, Beyond.class, Present.class, Odd.class)) {
      var e = assertThrows(IllegalStateException.class, () -> Settings.of(type));
      assertTrue(String.valueOf(e.getMessage()).contains(type.getSimpleName() + ".steps: "));
    }
  }
}
