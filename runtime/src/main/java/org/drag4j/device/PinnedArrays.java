package org.drag4j.device;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.function.Supplier;

/**
 * A fault of Java 25.0.0 to 25.0.2: under G1, arrays can be corrupted while native code holds them
 * in place, as decoders of pictures and drivers do. 25.0.3 mends it; other collectors do not have
 * it.
 */
public final class PinnedArrays {
  private static final int FEATURE = 25;
  private static final int MENDED = 3;

  private PinnedArrays() {}

  /**
   * Checks the running Java.
   *
   * @throws DeviceException where its arrays can be corrupted
   */
  public static void require() {
    require(
        Runtime.version(),
        () ->
            ManagementFactory.getGarbageCollectorMXBeans().stream()
                .map(GarbageCollectorMXBean::getName)
                .toList());
  }

  /**
   * Checks a Java.
   *
   * @param collectors gives the names of its collectors, which take time to look up
   * @throws DeviceException where its arrays can be corrupted
   */
  static void require(Runtime.Version version, Supplier<List<String>> collectors) {
    if (isOld(version) && collectors.get().stream().anyMatch(name -> name.startsWith("G1 "))) {
      throw new DeviceException(
          "java: expected 25.0.3 or newer, or another collector than G1, got "
              + version
              + " with G1, which can corrupt arrays; update Java, or start it with"
              + " -XX:+UseParallelGC");
    }
  }

  /** Whether a Java has the fault. */
  public static boolean isOld(Runtime.Version version) {
    return version.feature() == FEATURE && version.interim() == 0 && version.update() < MENDED;
  }
}
