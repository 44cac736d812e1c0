package org.drag4j.study;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** The most memory this process had resident, mapped files included. */
public final class PeakMemory {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final String FIELD = "VmHWM:";

  private PeakMemory() {}

  /** Bytes, as Linux counts them ({@code VmHWM}); empty on other systems. */
  public static OptionalLong bytes() {
    try {
      return Files.readAllLines(STATUS).stream()
          .filter(line -> line.startsWith(FIELD))
          .mapToLong(line -> kilobytes(line.substring(FIELD.length())) << 10)
          .findFirst();
    } catch (IOException e) {
      return OptionalLong.empty(); // not Linux
    }
  }

  private static long kilobytes(String field) {
    return Long.parseLong(field.strip().split("\\s+", -1)[0]);
  }
}
