package org.drag4j.pipeline;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.drag4j.device.CachedFile;

/** Digests of what kept values depend on. */
public final class Digest {
  private Digest() {}

  /** A digest of parts, in hexadecimal: arrays of numbers, and anything else by its text. */
  public static String of(Object... parts) {
    var all = CachedFile.sha256();
    for (var part : parts) {
      byte[] bytes =
          switch (part) {
            case float[] values -> MemorySegment.ofArray(values).toArray(ValueLayout.JAVA_BYTE);
            case byte[] values -> values;
            case int[] values -> MemorySegment.ofArray(values).toArray(ValueLayout.JAVA_BYTE);
            default -> part.toString().getBytes(StandardCharsets.UTF_8);
          };
      // Of one length each, so that no part can be taken for the end of another.
      all.update(CachedFile.sha256().digest(bytes));
    }
    return HexFormat.of().formatHex(all.digest());
  }
}
