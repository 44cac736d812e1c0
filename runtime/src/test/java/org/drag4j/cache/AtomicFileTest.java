package org.drag4j.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written, what stays, and what is said of a file that cannot be written. */
class AtomicFileTest {
  private static final AtomicFile.Older NONE =
      file -> {
        throw new IOException(file + ": stays");
      };

  @TempDir Path folder = Path.of("");

  private Path file(String name) {
    return folder.resolve(name);
  }

  private static AtomicFile.Content text(String text) {
    return out -> out.write(text.getBytes(StandardCharsets.UTF_8));
  }

  private List<String> names() throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    }
  }

  @Test
  void whatAppearsWhileItIsWrittenStays() throws IOException {
    var late = file("late.txt");
    var failure =
        assertThrows(
            IOException.class,
            () ->
                AtomicFile.write(
                    late,
                    NONE,
                    out -> {
                      out.write('x');
                      Files.writeString(late, "the user's");
                    }));
    assertTrue(String.valueOf(failure.getMessage()).endsWith("late.txt: stays"));
    assertEquals("the user's", Files.readString(late));
    assertEquals(List.of("late.txt"), names());
  }

  @Test
  void whatMayBeReplacedIsAskedAboutOnceAllIsWritten() throws IOException {
    var file = file("a.txt");
    AtomicFile.write(file, NONE, text("first"));
    assertThrows(IOException.class, () -> AtomicFile.write(file, NONE, text("second")));
    assertEquals("first", Files.readString(file));
    AtomicFile.write(file, old -> assertEquals("first", Files.readString(old)), text("third"));
    assertEquals("third", Files.readString(file));
    assertEquals(List.of("a.txt"), names());
  }

  /** A link to a file, one to another link, one to nothing yet, and a circle. */
  @Test
  void linksStay() throws IOException {
    Files.writeString(Files.createDirectory(file("there")).resolve("real.txt"), "old");
    var one = Files.createSymbolicLink(file("one"), Path.of("there", "real.txt"));
    var two = Files.createSymbolicLink(file("two"), Path.of("one"));
    var fresh = Files.createSymbolicLink(file("fresh"), Path.of("there", "new.txt"));
    AtomicFile.write(two, text("through two"));
    assertEquals("through two", Files.readString(file("there").resolve("real.txt")));
    AtomicFile.write(fresh, NONE, text("through one"));
    assertEquals("through one", Files.readString(file("there").resolve("new.txt")));
    assertThrows(IOException.class, () -> AtomicFile.write(one, NONE, text("no")));
    for (var link : List.of(one, two, fresh)) {
      assertTrue(Files.isSymbolicLink(link), link.toString());
    }
    var circle = Files.createSymbolicLink(file("circle"), Path.of("circle"));
    var failure = assertThrows(IOException.class, () -> AtomicFile.write(circle, text("x")));
    assertTrue(String.valueOf(failure.getMessage()).contains("got links in a circle"));
    assertEquals(List.of("circle", "fresh", "one", "there", "two"), names());
  }

  @Test
  void aDeviceIsWrittenAndStays() throws IOException {
    var device = Path.of("/dev/null");
    assumeTrue(Files.exists(device) && Files.isWritable(device), "no /dev/null here");
    AtomicFile.write(Files.createSymbolicLink(file("null"), device), NONE, text("x"));
    assertTrue(Files.exists(device) && !Files.isRegularFile(device));
    assertEquals(List.of("null"), names());
  }

  @Test
  void aFailureToWriteNamesTheFile() throws IOException {
    var file = folder.resolve("out.png");
    Files.writeString(file, "older");
    for (var full :
        List.of(
            new IOException("No space left on device"),
            new FileSystemException(
                folder.resolve(".out.png.1-2.tmp").toString(), null, "No space left on device"))) {
      var failure =
          assertThrows(
              IOException.class,
              () ->
                  AtomicFile.write(
                      file,
                      out -> {
                        out.write(1);
                        throw full;
                      }));
      assertEquals(
          file
              + ": expected to write it, got No space left on device; make room, or name another"
              + " place",
          failure.getMessage());
    }
    assertEquals("older", Files.readString(file));
    try (var files = Files.list(folder)) {
      assertEquals(1, files.count());
    }
  }

  @Test
  void aFailureWithoutWordsHasAName() {
    assertEquals(
        "x: expected to write it, got ClosedByInterruptException; make room, or name another place",
        AtomicFile.named(Path.of("x"), new ClosedByInterruptException()).getMessage());
  }
}
