package org.drag4j.cache;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Optional;

/**
 * Files of a cache that processes share. Each is written under another name and renamed, so the
 * others see all of it or nothing.
 */
public final class CachedFile {
  /** Suffix of the name of a file that is not written to its end. */
  public static final String UNFINISHED = ".tmp";

  private static final int DIGEST_BYTES = 32;
  private static final long LARGEST = 1L << 28;

  private CachedFile() {}

  /**
   * The content that {@link #write} wrote; empty where the file is missing, damaged or too large.
   */
  public static Optional<byte[]> read(Path file) {
    try {
      if (Files.size(file) > LARGEST) {
        return Optional.empty();
      }
      var all = Files.readAllBytes(file);
      if (all.length <= DIGEST_BYTES) {
        return Optional.empty();
      }
      var content = Arrays.copyOfRange(all, DIGEST_BYTES, all.length);
      return Arrays.equals(Sha256.start().digest(content), Arrays.copyOf(all, DIGEST_BYTES))
          ? Optional.of(content)
          : Optional.empty();
    } catch (IOException _) {
      // A cache that cannot be read costs time, nothing else.
      return Optional.empty();
    }
  }

  /**
   * Makes a file of a digest and the content it is of.
   *
   * @throws IOException where its folder is missing, read-only or full; an older file is as it was
   */
  public static void write(Path file, byte[] content) throws IOException {
    replace(file, Sha256.start().digest(content), content);
  }

  /**
   * Makes a file of these bytes, one after the other.
   *
   * @throws IOException where its folder is missing, read-only or full; an older file is as it was
   */
  public static void replace(Path file, byte[]... parts) throws IOException {
    var target = file.toAbsolutePath();
    var temporary = Files.createTempFile(target.getParent(), "drag4j", UNFINISHED);
    try {
      try (var out = Files.newOutputStream(temporary)) {
        for (var part : parts) {
          out.write(part);
        }
      }
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw AtomicFile.named(file, e);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }
}
