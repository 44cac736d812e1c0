package org.drag4j.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CacheFolderTest {
  @ParameterizedTest
  @CsvSource({
    "Linux, '', '', /home/u/.cache/drag4j",
    "Linux, XDG_CACHE_HOME, /x, /x/drag4j",
    "Linux, XDG_CACHE_HOME, relative, /home/u/.cache/drag4j",
    "Linux, DRAG4J_CACHE, /mine, /mine",
    "Mac OS X, '', '', /home/u/Library/Caches/drag4j",
    "Windows 11, LOCALAPPDATA, /l, /l/drag4j",
  })
  void theUsersFolderIsTheSystemsOwn(String system, String name, String value, Path expected) {
    var environment = Map.of(name, value);
    assertEquals(expected, CacheFolder.of(system, Path.of("/home/u"), environment::get));
  }
}
