package org.drag4j.kernels.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Entries of the program cache, whole and damaged. */
class ProgramCacheTest {
  private static final String KEY = ProgramCache.key("source", "options", "compiler");
  private static final byte[] CONTENT = {1, 2, 3, 4, 5};

  @TempDir private Path folder = Path.of("");

  private ProgramCache cache() {
    return new ProgramCache(folder.resolve("cache"));
  }

  private Path entry() {
    return folder.resolve("cache").resolve(KEY);
  }

  private List<String> files() throws IOException {
    try (var list = Files.list(folder.resolve("cache"))) {
      return list.map(p -> String.valueOf(p.getFileName())).toList();
    }
  }

  @Test
  void whatIsStoredIsFoundAgain() throws Exception {
    assertTrue(cache().load(KEY).isEmpty());
    cache().store(KEY, CONTENT);
    assertArrayEquals(CONTENT, cache().load(KEY).orElseThrow());
    cache().store(KEY, new byte[] {9});
    assertArrayEquals(new byte[] {9}, cache().load(KEY).orElseThrow());
    assertEquals(List.of(KEY), files());
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "31, 1", "33, 1", "-1, 0", "-1, 20", "-1, 36"})
  void aDamagedEntryCountsAsMissing(int flipped, int kept) throws Exception {
    cache().store(KEY, CONTENT);
    var bytes = Files.readAllBytes(entry());
    if (flipped >= 0) {
      bytes[flipped] ^= 1;
      Files.write(entry(), bytes);
    } else {
      Files.write(entry(), java.util.Arrays.copyOf(bytes, kept));
    }
    assertTrue(cache().load(KEY).isEmpty());
    cache().store(KEY, CONTENT);
    assertArrayEquals(CONTENT, cache().load(KEY).orElseThrow());
  }

  @Test
  void whatAKilledProcessLeftIsRemovedOnceItIsOld() throws Exception {
    cache().store(KEY, CONTENT);
    var old = Files.createTempFile(folder.resolve("cache"), "old", ".tmp");
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
    var fresh = Files.createTempFile(folder.resolve("cache"), "fresh", ".tmp");
    cache().store(KEY, CONTENT);
    assertFalse(Files.exists(old));
    assertTrue(Files.exists(fresh), "another process may still be writing it");
  }

  @Test
  void aFolderThatCannotBeMadeCostsNothingButTime() throws Exception {
    Files.writeString(folder.resolve("cache"), "a file in the way");
    cache().store(KEY, CONTENT);
    assertTrue(cache().load(KEY).isEmpty());
    ProgramCache.none().store(KEY, CONTENT);
    assertEquals(Optional.empty(), ProgramCache.none().load(KEY));
  }

  @Test
  void everyPartCountsForTheKey() {
    var keys = new HashSet<String>();
    keys.add(KEY);
    keys.add(ProgramCache.key("source2", "options", "compiler"));
    keys.add(ProgramCache.key("source", "options2", "compiler"));
    keys.add(ProgramCache.key("source", "options", "compiler2"));
    keys.add(ProgramCache.key("sourceo", "ptions", "compiler"));
    assertEquals(5, keys.size());
    assertNotEquals("", KEY);
    assertTrue(KEY.matches("[0-9a-f]{64}"));
  }
}
