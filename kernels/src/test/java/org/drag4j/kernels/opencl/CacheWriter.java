package org.drag4j.kernels.opencl;

import java.nio.file.Path;
import java.util.Locale;

/** A process that writes entries of a cache until it is killed. */
final class CacheWriter {
  /** Large enough that most of the time goes into writing. */
  private static final int BYTES = 32 << 20;

  private CacheWriter() {}

  public static void main(String[] args) {
    var cache = new ProgramCache(Path.of(args[0]));
    var content = new byte[BYTES];
    for (int i = 0; ; i = (i + 1) % 4) {
      content[0] = (byte) i;
      cache.store(
          ProgramCache.key("source", "options", String.format(Locale.ROOT, "%d", i)), content);
    }
  }
}
