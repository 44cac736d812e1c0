package org.drag4j.cli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;

/** Files that appear complete or not at all. */
final class AtomicFile {
  private AtomicFile() {}

  /** Writes a file's content. */
  @FunctionalInterface
  interface Content {
    void write(OutputStream out) throws IOException;
  }

  /**
   * Writes beside the file and renames; on failure nothing is left and an older file stays.
   *
   * @throws IOException where the folder is missing, read-only or full
   */
  static void write(Path file, Content content) throws IOException {
    var target = file.toAbsolutePath().normalize();
    requireFolder(file);
    var temporary =
        target.resolveSibling(
            String.format(
                Locale.ROOT,
                ".%s.%x-%x.tmp",
                target.getFileName(),
                ProcessHandle.current().pid(),
                System.nanoTime()));
    try {
      try (var out =
          new BufferedOutputStream(
              Files.newOutputStream(temporary, StandardOpenOption.CREATE_NEW), 1 << 16)) {
        content.write(out);
      }
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /**
   * Checks before any work is done that a file can be written later.
   *
   * @throws IOException where its folder is missing or read-only, or it is a folder itself
   */
  static void requireFolder(Path file) throws IOException {
    var folder = file.toAbsolutePath().normalize().getParent();
    if (folder == null || Files.isDirectory(file)) {
      throw new IOException(file + ": expected a file to write, got a folder; name a file in it");
    }
    if (!Files.isDirectory(folder)) {
      throw new IOException(
          file + ": expected an existing folder, got no folder " + folder + "; create it");
    }
    if (!Files.isWritable(folder)) {
      throw new IOException(
          file + ": expected a folder to write in, got a read-only one; name another");
    }
  }
}
