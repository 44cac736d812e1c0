package org.drag4j.kernels.opencl;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.drag4j.device.CacheFolder;
import org.jspecify.annotations.Nullable;

/**
 * Compiled programs on disk. An entry is written to a file of its own and renamed, so other
 * processes see all of it or nothing, and a process that is killed leaves no lock; an entry begins
 * with a digest of the rest, so a damaged one counts as missing.
 *
 * @param folder where entries are; null keeps none
 */
record ProgramCache(@Nullable Path folder) {
  /** Changes whenever the form of entries does. */
  private static final String FORMAT = "drag4j-opencl-1";

  private static final int DIGEST = 32;
  private static final long LARGEST = 1L << 28;
  private static final Duration ABANDONED = Duration.ofHours(1);
  private static final String UNFINISHED = ".tmp";

  /** Keeps nothing. */
  static ProgramCache none() {
    return new ProgramCache(null);
  }

  /** The user's own. */
  static ProgramCache ofUser() {
    return new ProgramCache(CacheFolder.ofUser().resolve("opencl"));
  }

  /** Name of the entry for what a program is built from. */
  static String key(String source, String options, String compiler) {
    var digest = sha256();
    for (var part : new String[] {FORMAT, source, options, compiler}) {
      var bytes = part.getBytes(StandardCharsets.UTF_8);
      digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes.length));
      digest.update(bytes);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** The entry, or empty where there is none or it is damaged. */
  Optional<byte[]> load(String key) {
    if (folder == null) {
      return Optional.empty();
    }
    try {
      var file = folder.resolve(key);
      if (Files.size(file) > LARGEST) {
        return Optional.empty();
      }
      var all = Files.readAllBytes(file);
      if (all.length <= DIGEST) {
        return Optional.empty();
      }
      var content = Arrays.copyOfRange(all, DIGEST, all.length);
      return Arrays.equals(sha256().digest(content), Arrays.copyOf(all, DIGEST))
          ? Optional.of(content)
          : Optional.empty();
    } catch (NoSuchFileException _) {
      return Optional.empty();
    } catch (IOException _) {
      // A cache that cannot be read costs time, nothing else.
      return Optional.empty();
    }
  }

  /** Keeps an entry; where that fails, it will be built again. */
  void store(String key, byte[] content) {
    if (folder == null) {
      return;
    }
    try {
      Files.createDirectories(folder);
      sweep();
      var file = Files.createTempFile(folder, key.substring(0, 16), UNFINISHED);
      try {
        try (var out = Files.newOutputStream(file)) {
          out.write(sha256().digest(content));
          out.write(content);
        }
        Files.move(file, folder.resolve(key), StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException _) {
      return;
    }
  }

  /** Removes what processes left that were killed while they wrote. */
  private void sweep() throws IOException {
    if (folder == null) {
      return;
    }
    var before = FileTime.from(Instant.now().minus(ABANDONED));
    try (var files = Files.newDirectoryStream(folder, "*" + UNFINISHED)) {
      for (var file : files) {
        if (Files.getLastModifiedTime(file).compareTo(before) < 0) {
          Files.deleteIfExists(file);
        }
      }
    } catch (NoSuchFileException _) {
      return; // another process was faster
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
