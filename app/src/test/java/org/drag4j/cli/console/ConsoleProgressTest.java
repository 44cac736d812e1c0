package org.drag4j.cli.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.drag4j.pipeline.CancelledException;
import org.junit.jupiter.api.Test;

class ConsoleProgressTest {
  private final StringWriter text = new StringWriter();
  private long now;
  private boolean stop;

  private ConsoleProgress progress(ConsoleProgress.Mode mode, Charset charset) {
    return new ConsoleProgress(mode, new PrintWriter(text), charset, () -> stop, () -> now);
  }

  private void work(ConsoleProgress progress) {
    progress.phase("load", 1);
    now += 1_500_000_000L;
    progress.advance(1, 1);
    progress.phase("invert", 4);
    for (int i = 1; i <= 4; i++) {
      now += i == 4 ? 5_000_000_000L : 500_000_000L;
      progress.advance(i, 4);
    }
    progress.finish();
  }

  @Test
  void printsALineForEachPhase() {
    work(progress(ConsoleProgress.Mode.LINES, StandardCharsets.UTF_8));
    assertEquals("load     1.5 s\ninvert   4/4  1.63 s/it  6.5 s\n", text.toString());
  }

  @Test
  void linesOfALongPhaseSayWhatIsLeft() {
    var progress = progress(ConsoleProgress.Mode.LINES, StandardCharsets.UTF_8);
    progress.phase("invert", 5);
    for (int i = 1; i <= 5; i++) {
      now += 6_000_000_000L;
      progress.advance(i, 5);
    }
    progress.finish();
    assertEquals(
        """
        invert   2/5  6.00 s/it  eta 18.0 s
        invert   4/5  6.00 s/it  eta 6.0 s
        invert   5/5  6.00 s/it  30.0 s
        """,
        text.toString());
  }

  @Test
  void theBarMakesRoomForOtherLines() {
    var progress = progress(ConsoleProgress.Mode.BAR, StandardCharsets.US_ASCII);
    progress.aside();
    progress.phase("unet", 2);
    now += 1_000_000_000L;
    progress.step(1, 2);
    progress.aside();
    assertTrue(text.toString().startsWith("\runet"), text.toString());
    assertTrue(text.toString().endsWith("1/2  1.0 it/s  eta 1.0 s\u001b[K\r\u001b[K"));
    progress.finish();
    int length = text.toString().length();
    progress.aside();
    assertEquals(length, text.toString().length());
  }

  @Test
  void drawsABar() {
    work(progress(ConsoleProgress.Mode.BAR, StandardCharsets.UTF_8));
    assertTrue(
        text.toString()
            .contains(
                "\rinvert   ▕" + "█".repeat(10) + " ".repeat(10) + "▏ 2/4  2.0 it/s  eta 1.0 s"));
    assertTrue(text.toString().endsWith("\rinvert   4/4  1.63 s/it  6.5 s\u001b[K\n"));
  }

  @Test
  void drawsTheBarInAsciiWhereBlocksCannotBeShown() {
    work(progress(ConsoleProgress.Mode.BAR, StandardCharsets.US_ASCII));
    assertTrue(text.toString().contains("invert   [##########          ] 2/4"));
    assertTrue(text.toString().chars().allMatch(c -> c < 128));
  }

  @Test
  void printsJsonLines() {
    work(progress(ConsoleProgress.Mode.JSON, StandardCharsets.UTF_8));
    var lines = text.toString().lines().toList();
    assertEquals("{\"event\": \"phase\", \"phase\": \"load\", \"steps\": 1}", lines.getFirst());
    assertEquals(
        "{\"event\": \"step\", \"phase\": \"invert\", \"step\": 4, \"steps\": 4, \"seconds\":"
            + " 6.500, \"rate\": 0.615, \"eta\": 0.000}",
        lines.getLast());
    assertEquals(7, lines.size());
    assertEquals(
        "{\"event\": \"step\", \"phase\": \"invert\", \"step\": 2, \"steps\": 4, \"seconds\":"
            + " 1.000, \"rate\": 2.000, \"eta\": 1.000}",
        lines.get(4));
  }

  @Test
  void warningsAreLinesWhateverTheySay() {
    var json = progress(ConsoleProgress.Mode.JSON, StandardCharsets.UTF_8);
    json.phase("a \"b\"", 1);
    json.warn("C:\\x is \"slow\"");
    json.preview(Path.of("p \"q\".png"), 1, 2);
    assertEquals(
        """
        {"event": "phase", "phase": "a \\"b\\"", "steps": 1}
        {"event": "warning", "message": "C:\\\\x is \\"slow\\""}
        {"event": "preview", "phase": "a \\"b\\"", "step": 1, "steps": 2, "file": "p \\"q\\".png"}
        """,
        text.toString());
  }

  @Test
  void aWarningInBetweenDoesNotEndThePhase() {
    var progress = progress(ConsoleProgress.Mode.LINES, StandardCharsets.UTF_8);
    progress.phase("edit", 2);
    progress.step(1, 2);
    progress.warn("beware");
    now += 4_000_000_000L;
    progress.step(2, 2);
    progress.warn("at last");
    assertEquals(
        "warning: beware\nedit     2/2  2.00 s/it  4.0 s\nwarning: at last\n", text.toString());
  }

  @Test
  void aWarningIsSaidOnceAndKeptForEveryRecord() {
    var progress = progress(ConsoleProgress.Mode.NONE, StandardCharsets.UTF_8);
    progress.warn("a");
    progress.warn("b\nc");
    progress.warn("a");
    assertEquals("warning: a\nwarning: b?c\n", text.toString());
    assertEquals(List.of("a", "b\nc"), progress.takeWarnings());
    assertEquals(List.of(), progress.takeWarnings());
    progress.warn("a");
    assertEquals(List.of("a"), progress.takeWarnings());
    assertEquals("warning: a\nwarning: b?c\n", text.toString());
  }

  @Test
  void keepsTheTimeOfEveryPhase() {
    var progress = progress(ConsoleProgress.Mode.NONE, StandardCharsets.UTF_8);
    work(progress);
    assertEquals(Map.of("load", 1.5, "invert", 6.5), progress.phaseSeconds());
  }

  @Test
  void stopsAfterTheCurrentStep() {
    try (var progress = progress(ConsoleProgress.Mode.NONE, StandardCharsets.UTF_8)) {
      progress.phase("edit", 2);
      progress.advance(1, 2);
      stop = true;
      assertThrows(CancelledException.class, () -> progress.advance(2, 2));
    }
    assertEquals("", text.toString());
  }
}
