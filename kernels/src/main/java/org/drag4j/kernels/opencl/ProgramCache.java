package org.drag4j.kernels.opencl;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import org.drag4j.cache.CacheFolder;
import org.drag4j.cache.CachedFile;
import org.drag4j.cache.Sha256;
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

  private static final Duration ABANDONED = Duration.ofHours(1);

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
    var digest = Sha256.start();
    for (var part : new String[] {FORMAT, source, options, compiler}) {
      var bytes = part.getBytes(StandardCharsets.UTF_8);
      digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes.length));
      digest.update(bytes);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** The entry, or empty where there is none or it is damaged. */
  Optional<byte[]> load(String key) {
    return folder == null ? Optional.empty() : CachedFile.read(folder.resolve(key));
  }

  /** Keeps an entry; where that fails, it will be built again. */
  void store(String key, byte[] content) {
    if (folder == null) {
      return;
    }
    try {
      Files.createDirectories(folder);
      sweep();
      CachedFile.write(folder.resolve(key), content);
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
    try (var files = Files.newDirectoryStream(folder, "*" + CachedFile.UNFINISHED)) {
      for (var file : files) {
        if (Files.getLastModifiedTime(file).compareTo(before) < 0) {
          Files.deleteIfExists(file);
        }
      }
    } catch (NoSuchFileException _) {
      return; // another process was faster
    }
  }
}
