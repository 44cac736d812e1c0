package org.drag4j.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

  /** The file that the user named, not the one that is renamed in the end. */
  @Test
  void aFullDiskNamesTheFile() {
    var failure =
        assertThrows(
            IOException.class,
            () ->
                AtomicFile.write(
                    file("big.txt"),
                    out -> {
                      throw new IOException("No space left on device");
                    }));
    assertEquals(
        file("big.txt")
            + ": expected to write all of it, got No space left on device; make room, or name"
            + " another place",
        failure.getMessage());
  }

  /** A device that is full, and failures of which the system says less or names another file. */
  @Test
  void whateverFailsNamesTheFile() {
    var device = Path.of("/dev/full");
    if (Files.isWritable(device)) {
      var failure =
          assertThrows(
              IOException.class,
              () -> AtomicFile.write(device, out -> out.write(new byte[1 << 20])));
      assertTrue(String.valueOf(failure.getMessage()).startsWith("/dev/full: expected to write"));
    }
    for (var said : List.of("File too large", "AccessDeniedException")) {
      var failure =
          said.contains(" ")
              ? new FileSystemException(".x.1-2.tmp", null, said)
              : new AccessDeniedException(".x.1-2.tmp");
      assertEquals(
          "x: expected to write all of it, got " + said + "; make room, or name another place",
          AtomicFile.named(Path.of("x"), failure).getMessage());
    }
  }
}
