package org.drag4j.cache;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Files that appear complete or not at all. A symbolic link stays, and what it points to is
 * written. What is no regular file, such as a device or a pipe, is written as it is.
 */
public final class AtomicFile {
  private static final Pattern TEMPORARY =
      Pattern.compile("\\..+\\.([0-9a-f]{1,15})-[0-9a-f]+\\.tmp");

  /** Most links from one to the next, as Linux has it. */
  private static final int MAX_LINKS = 40;

  private AtomicFile() {}

  /** Writes a file's content. */
  @FunctionalInterface
  public interface Content {
    /** Writes all of it. */
    void write(OutputStream out) throws IOException;
  }

  /** Says whether a file that is there may be replaced. */
  @FunctionalInterface
  public interface Older {
    /** Any may. */
    Older ANY = file -> {};

    /**
     * Looks at a regular file.
     *
     * @throws IOException where it must stay
     */
    void require(Path file) throws IOException;
  }

  /**
   * Writes beside the file and renames; on failure nothing is left and an older file stays.
   *
   * @throws IOException where the folder is missing, read-only or full
   */
  public static void write(Path file, Content content) throws IOException {
    write(file, Older.ANY, content);
  }

  /**
   * The same where a file that is there, or appears meanwhile, may not be replaced by all means.
   *
   * @param older is asked when everything is written; a file that it was not asked about is never
   *     replaced
   */
  public static void write(Path file, Older older, Content content) throws IOException {
    requireFolder(file);
    var target = target(file);
    if (isNotRegular(target)) {
      fill(target, file, content, StandardOpenOption.WRITE);
      return;
    }
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
      fill(temporary, file, content, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      if (older.equals(Older.ANY) || !appears(temporary, target)) {
        older.require(target);
        Files.move(
            temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      }
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Fails in the name of the file that the user knows. */
  private static void fill(Path to, Path file, Content content, StandardOpenOption... options)
      throws IOException {
    try (var out = new BufferedOutputStream(Files.newOutputStream(to, options), 1 << 16)) {
      content.write(out);
    } catch (IOException e) {
      throw named(file, e);
    }
  }

  /** Gives a file its name, unless that is taken; no other process can take it in between. */
  private static boolean appears(Path temporary, Path target) throws IOException {
    try {
      try {
        Files.createLink(target, temporary);
      } catch (FileAlreadyExistsException e) {
        return false;
      } catch (FileSystemException | UnsupportedOperationException e) {
        // A file system without hard links.
        Files.copy(temporary, target);
      }
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
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
   * Where the symbolic links of a name end, which need not exist.
   *
   * @throws IOException where they go round in a circle
   */
  public static Path target(Path file) throws IOException {
    var at = file.toAbsolutePath();
    for (int links = 0; Files.isSymbolicLink(at); links++) {
      if (links == MAX_LINKS) {
        throw new IOException(
            file + ": expected a link to a file, got links in a circle; name another file");
      }
      at = at.resolveSibling(Files.readSymbolicLink(at));
    }
    return at;
  }

  /** Whether something is there that is neither a regular file nor a folder. */
  private static boolean isNotRegular(Path target) {
    return Files.exists(target) && !Files.isRegularFile(target) && !Files.isDirectory(target);
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
    var target = target(file);
    var folder = target.getParent();
    if (folder == null || Files.isDirectory(target)) {
      throw new IOException(file + ": expected a file to write, got a folder; name a file in it");
    }
    if (!Files.isDirectory(folder)) {
      throw new IOException(
          file
              + ": expected an existing folder, got no folder "
              + folder.normalize()
              + "; create it");
    }
    if (Files.exists(target) && !Files.isWritable(target)) {
      throw new IOException(
          file + ": expected a file that may be written, got a read-only one; name another");
    }
    if (!isNotRegular(target) && !Files.isWritable(folder)) {
      throw new IOException(
          file + ": expected a folder to write in, got a read-only one; name another");
    }
  }
}
