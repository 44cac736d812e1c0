package org.drag4j.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said of a file that cannot be written. */
class AtomicFileTest {
  @TempDir Path folder = Path.of("");

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
