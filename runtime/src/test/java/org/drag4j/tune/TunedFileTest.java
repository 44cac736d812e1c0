package org.drag4j.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.drag4j.cache.Sha256;
import org.drag4j.device.Tuned;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Records of what was measured come back as they were, or not at all. */
class TunedFileTest {
  private static final String DEVICE = "opencl:0\ndriver 1.2\nkernels 00ff";
  private static final Tuned MEASURED =
      new Tuned(
          Map.of(
              "conv2d/1x64x64x320/320x3x3x320/320/s1/p1-1", List.of("winograd_f4", "panel"),
              "linear/4096x320/320x320", List.of("panel_24_rows", "panel")));

  @TempDir Path folder = Path.of("");

  private TunedFile file() {
    return TunedFile.of(folder.resolve("tuned"), DEVICE);
  }

  private TunedFile written() throws IOException {
    file().add(MEASURED);
    return file();
  }

  private static void assertIgnored(TunedFile file) {
    var read = file.read();
    assertEquals(Tuned.NONE, read.tuned());
    var line = read.trouble().orElseThrow();
    assertTrue(line.contains(": expected ") && line.contains("; ignored"), line);
    assertEquals(1, line.lines().count(), line);
  }

  private static void signed(TunedFile file, String rest) throws IOException {
    signed(file.file(), "drag4j-tuned-2", rest);
  }

  private static void signed(Path file, String format, String rest) throws IOException {
    var hex = Sha256.hex(rest.getBytes(StandardCharsets.UTF_8));
    Files.writeString(file, format + " " + hex + "\n" + rest);
  }

  private static String comments() {
    return DEVICE.lines().map(line -> "# " + line + "\n").collect(Collectors.joining());
  }

  @Test
  void whatWasWrittenIsRead() throws IOException {
    var read = written().read();
    assertEquals(MEASURED, read.tuned());
    assertTrue(read.trouble().isEmpty());
    try (var files = Files.list(folder.resolve("tuned"))) {
      assertEquals(1, files.count(), "nothing is left of writing");
    }
  }

  @Test
  void whatIsNotThereIsNoTrouble() {
    assertEquals(new TunedFile.Read(Tuned.NONE, Optional.empty()), file().read());
  }

  @Test
  void laterMeasurementsAddAndReplace() throws IOException {
    var file = written();
    file.add(new Tuned(Map.of("linear/4096x320/320x320", List.of("tile"), "new", List.of("a"))));
    var now = file.read().tuned().rankings();
    assertEquals(3, now.size());
    assertEquals(List.of("tile"), now.get("linear/4096x320/320x320"));
    assertEquals(List.of("a"), now.get("new"));
  }

  @Test
  void anotherDevicesRecordIsNotRead() throws IOException {
    var file = written();
    var other = TunedFile.of(folder.resolve("tuned"), DEVICE.replace("1.2", "1.3"));
    assertFalse(file.file().equals(other.file()));
    assertEquals(Tuned.NONE, other.read().tuned());
    // Nor where somebody has given it the right name.
    Files.move(file.file(), other.file());
    assertIgnored(other);
  }

  @Test
  void aFileOfAnOlderFormIsIgnored() throws IOException {
    var file = written();
    var rest = comments() + "conv2d/1x64x64x320 winograd_f4 direct\n";
    // Where the older form had it: nobody looks there.
    Files.delete(file.file());
    var digest = Sha256.hex(DEVICE.getBytes(StandardCharsets.UTF_8));
    var old = digest.substring(0, 32) + ".txt";
    signed(file.file().resolveSibling(old), "drag4j-tuned-1", rest);
    assertEquals(new TunedFile.Read(Tuned.NONE, Optional.empty()), file.read());
    // And where this form has it.
    signed(file.file(), "drag4j-tuned-1", rest);
    assertIgnored(file);
    signed(file, rest);
    assertEquals(1, file.read().tuned().rankings().size());
  }

  @Test
  void everyDamagedByteIsNoticed() throws IOException {
    var file = written();
    byte[] right = Files.readAllBytes(file.file());
    for (int i = 0; i < right.length; i += 7) {
      var wrong = right.clone();
      wrong[i] ^= 4;
      Files.write(file.file(), wrong);
      assertIgnored(file);
      Files.write(file.file(), Arrays.copyOf(right, i));
      assertIgnored(file);
    }
  }

  @Test
  void hostileContentUnderARightDigestIsIgnored() throws IOException {
    var file = written();
    signed(file, comments() + "linear/1 panel\n");
    assertEquals(1, file.read().tuned().rankings().size());
    for (var line :
        List.of(
            "linear/1",
            "linear/1 ",
            "linear/1 PANEL",
            "linear/1 a  b",
            "linear/\u001b[2J panel",
            "linear/1 " + "a ".repeat(32) + "a",
            "x".repeat(201) + " panel")) {
      signed(file, comments() + line + "\n");
      assertIgnored(file);
    }
    signed(
        file,
        comments()
            + IntStream.range(0, 2049)
                .mapToObj(i -> "k" + i + " a\n")
                .collect(Collectors.joining()));
    assertIgnored(file);
    Files.write(file.file(), new byte[(1 << 20) + 1]);
    assertIgnored(file);
    Files.delete(file.file());
    Files.createDirectory(file.file());
    assertIgnored(file);
  }

  @Test
  void aDamagedFileIsReplacedByTheNextMeasurement() throws IOException {
    var file = written();
    Files.writeString(file.file(), "nonsense");
    file.add(MEASURED);
    assertEquals(MEASURED, file.read().tuned());
  }
}
