package org.drag4j.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.drag4j.geometry.Border;
import org.drag4j.geometry.Overlap;
import org.drag4j.geometry.Pairing;
import org.drag4j.geometry.RegionMask;
import org.drag4j.method.Documents;
import org.drag4j.method.RegionDrag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Documents of the first format mean what they meant when it was the only one: the full documents
 * were written by that drag4j, as drag-edit/1, and have had their version changed since, and what
 * it always did added by name: {@code enlarge}, {@code windows}, {@code border}, {@code pairing},
 * {@code seams}, {@code detail}.
 */
class OldDocumentsTest {
  private static final List<String> NAMES =
      List.of("minimal", "method", "painted", "window", "shapes");

  private static final MaskSource MASKS =
      name -> {
        byte[] values = new byte[64];
        Arrays.fill(values, 0, 16 + name.length(), (byte) 1);
        return RegionMask.of(8, 8, values);
      };

  private static String text(String name) throws IOException {
    try (var in = OldDocumentsTest.class.getResourceAsStream("old/" + name + ".json")) {
      if (in == null) {
        throw new AssertionError(name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static EditDocument parse(String text) {
    return Documents.parse("old", text.getBytes(StandardCharsets.UTF_8), MASKS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"minimal", "method", "painted", "window", "shapes"})
  void meanWhatTheyMeant(String name) throws IOException {
    String full = text(name + ".full");
    var document = parse(text(name));
    assertEquals(parse(full), document);
    assertEquals(full, document.toJson());
  }

  /** A method whose first format has another default than it had. */
  private static MethodTable table(Class<? extends Record> method) {
    return new MethodTable() {
      @Override
      public List<String> names(Format format) {
        return List.of("regiondrag");
      }

      @Override
      public String standard(Format format) {
        return "regiondrag";
      }

      @Override
      public Settings<?> settings(String name) {
        return Settings.of(method);
      }
    };
  }

  record Changed(
      @Setting(help = "x", standard = "20", least = 1, most = 1000) int steps,
      @Setting(help = "x", standard = "0.5", most = 1) double start,
      @Setting(help = "x", standard = "0.2", most = 1) double end,
      @Setting(help = "x", standard = "as-released") RegionDrag.Copy copy,
      @Setting(help = "x", standard = "1", most = 10) double handleNoise,
      @Setting(help = "x", standard = "encode-then-cp") RegionDrag.Variant variant,
      @Setting(help = "x", standard = "all") String layers,
      @Setting(help = "x", standard = "[0, 1000]", most = 1000) StepRange injectSteps,
      @Setting(help = "x", standard = "1", most = 1) double injectStrength,
      @Setting(help = "x", standard = "none") RegionDrag.Fill fill,
      @Setting(help = "x", standard = "later-wins", format1 = "winner-takes-all") Overlap overlap,
      @Setting(help = "x", standard = "cut", format1 = "squeezed") Border border,
      @Setting(help = "x", standard = "nearest", format1 = "as-released") Pairing pairing,
      @Setting(help = "x", standard = "1", most = 100) double guidance,
      @Setting(help = "x") String negativePrompt,
      @Setting(help = "x", standard = "false") boolean faithful,
      @Setting(help = "x", standard = "false") boolean batched) {}

  /** The same files find a wrong default of the first format. */
  @Test
  void aChangedDefaultIsSeen() throws IOException {
    for (var name : NAMES) {
      byte[] text = text(name).getBytes(StandardCharsets.UTF_8);
      var changed = EditDocument.parse("old", text, MASKS, table(Changed.class));
      var full = text(name + ".full");
      if (name.equals("method")) {
        assertEquals(full, changed.toJson(), "it leaves nothing out");
      } else {
        assertNotEquals(full, changed.toJson(), name);
      }
    }
  }
}
