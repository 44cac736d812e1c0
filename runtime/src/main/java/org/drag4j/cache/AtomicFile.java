package org.drag4j.cache;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Files that appear complete or not at all. */
public final class AtomicFile {
  private static final Pattern TEMPORARY =
      Pattern.compile("\\..+\\.([0-9a-f]{1,15})-[0-9a-f]+\\.tmp");

  private AtomicFile() {}

  /** Writes a file's content. */
  @FunctionalInterface
  public interface Content {
    /** Writes all of it. */
    void write(OutputStream out) throws IOException;
  }

  /**
   * Writes beside the file and renames; on failure nothing is left and an older file stays.
   *
   * @throws IOException where the folder is missing, read-only or full
   */
  public static void write(Path file, Content content) throws IOException {
    var target = file.toAbsolutePath().normalize();
    requireFolder(file);
    var temporary =
        target.resolveSibling(
            "."
                + target.getFileName()
                + "."
                + Long.toHexString(ProcessHandle.current().pid())
                + "-"
                + Long.toHexString(System.nanoTime())
                + ".tmp");
    try {
      try (var out =
          new BufferedOutputStream(
              Files.newOutputStream(temporary, StandardOpenOption.CREATE_NEW), 1 << 16)) {
        content.write(out);
      }
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw named(file, e);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** A failure to write that names the file; "No space left on device" by itself names none. */
  public static IOException named(Path file, IOException failure) {
    var said =
        Optional.ofNullable(
            failure instanceof FileSystemException of ? of.getReason() : failure.getMessage());
    return new IOException(
        file
            + ": expected to write it, got "
            + said.orElse(failure.getClass().getSimpleName())
            + "; make room, or name another place",
        failure);
  }

  /**
   * Removes what processes that are gone have left in a folder.
   *
   * @throws IOException where it cannot be listed, or a file not be removed
   */
  public static void sweep(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (var file : files.toList()) {
        var name = TEMPORARY.matcher(String.valueOf(file.getFileName()));
        if (name.matches() && ProcessHandle.of(Long.parseLong(name.group(1), 16)).isEmpty()) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  /**
   * Checks before any work is done that a file can be written later.
   *
   * @throws IOException where its folder is missing or read-only, or it is a folder itself
   */
  public static void requireFolder(Path file) throws IOException {
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
