package org.drag4j.tests.parity;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.drag4j.document.EditDocument;
import org.drag4j.document.LongPrompt;
import org.drag4j.document.MaskSource;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.Drag;
import org.drag4j.method.Documents;
import org.drag4j.method.Methods;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.session.Editor;
import org.drag4j.session.TextToImage;
import org.drag4j.weights.ModelFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Prompts that are longer than the text encoder takes at once. */
class LongPromptTest {
  private static final String FIRST = "a ".repeat(75);
  private static final String SECOND = "b ".repeat(10).strip();
  private static final String LONG = FIRST + SECOND;
  private static final int ROW = 32; // width of the tiny model's context

  private final List<String> warnings = new ArrayList<>();

  private final Progress progress =
      new Progress() {
        @Override
        public void phase(String name, int steps) {}

        @Override
        public void step(int done, int total) {}

        @Override
        public boolean cancelled() {
          return false;
        }

        @Override
        public void warn(String message) {
          warnings.add(message);
        }
      };

  private interface Use {
    void with(Pipeline pipeline);
  }

  private static void opened(Use use) {
    var model = ModelFolder.open(Recordings.SD15.resolve("model"));
    try (var backend = Verified.backend();
        var pipeline = Pipeline.open(model, backend, Verified.plan(true))) {
      use.with(pipeline);
    }
  }

  private static float[] rows(float[] context, int piece) {
    return Arrays.copyOfRange(context, piece * 77 * ROW, (piece + 1) * 77 * ROW);
  }

  /** Every piece is encoded by itself; the shorter prompt is followed by an empty one. */
  @Test
  void contextsOfPiecesFollowEachOther() {
    opened(pipeline -> {
      var pieces = pipeline.text(List.of(FIRST, SECOND, "b", ""), LongPrompt.CUT);
      var long2 = pipeline.text(List.of(LONG, "b"), LongPrompt.CHUNKS);
      assertEquals(2 * 77 * ROW, long2.get(0).length);
      assertEquals(2 * 77 * ROW, long2.get(1).length);
      assertArrayEquals(pieces.get(0), rows(long2.get(0), 0), 1e-4f);
      assertArrayEquals(pieces.get(1), rows(long2.get(0), 1), 1e-4f);
      assertArrayEquals(pieces.get(2), rows(long2.get(1), 0), 1e-4f);
      assertArrayEquals(pieces.get(3), rows(long2.get(1), 1), 1e-4f);
      assertFalse(Arrays.equals(pieces.get(1), pieces.get(2)));
      assertArrayEquals(
          pipeline.text(List.of("a", "b"), LongPrompt.CUT).get(1),
          pipeline.text(List.of("a", "b"), LongPrompt.CHUNKS).get(1));
    });
  }

  static List<String> methods() {
    return Methods.names();
  }

  @ParameterizedTest
  @MethodSource("methods")
  void anEditTakesTheWholePromptWhereItIsAsked(String method) {
    var picture = picture();
    opened(pipeline -> {
      var cut = Editor.edit(document(method, LONG, "cut"), picture, pipeline, progress);
      var told =
          "prompt: expected at most 75 tokens, got 85; left off \"b b b b b b b b b b\"; shorten"
              + " it, or use --long-prompt chunks";
      assertEquals(List.of(told), warnings);
      var first = Editor.edit(document(method, FIRST, "cut"), picture, pipeline, progress);
      assertEquals(cut.picture(), first.picture());
      var chunks = document(method, LONG, "chunks");
      var whole = Editor.edit(chunks, picture, pipeline, progress);
      assertNotEquals(cut.picture(), whole.picture());
      var again = Documents.parse("again", chunks.toJson().getBytes(UTF_8));
      assertEquals(whole.picture(), Editor.edit(again, picture, pipeline, progress).picture());
      assertEquals(1, warnings.size());
    });
  }

  @Test
  void soDoesAGeneratedPicture() {
    opened(pipeline -> {
      var cut = generated(pipeline, LongPrompt.CUT);
      assertEquals(1, warnings.size());
      assertNotEquals(cut, generated(pipeline, LongPrompt.CHUNKS));
      assertEquals(1, warnings.size());
    });
  }

  private Picture generated(Pipeline pipeline, LongPrompt how) {
    var options =
        new TextToImage.Options(
            LONG, "", how, 64, 64, 2, 7.5, TextToImage.Sampler.DDIM, 1, Optional.empty());
    return TextToImage.generate(pipeline, options, progress);
  }

  private static Picture picture() {
    byte[] rgb = new byte[64 * 64 * 3];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i * 31 / 7);
    }
    return Picture.of(64, 64, rgb);
  }

  private static EditDocument document(String method, String prompt, String longPrompt) {
    var drag = Drag.region(new Area.Rectangle(8, 8, 24, 24), new Area.Rectangle(24, 24, 24, 24));
    var settings = List.of("method.name=" + method, "method.steps=4", "longPrompt=" + longPrompt);
    return Documents.set(Documents.of(prompt, drag), "test", settings, MaskSource.NONE);
  }
}
