package org.drag4j.cache;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Digests of values, by which kept files are found. */
public final class Digest {
  private Digest() {}

  /** A digest of parts, in hexadecimal: arrays of numbers, and anything else by its text. */
  public static String of(Object... parts) {
    var all = Sha256.start();
    for (var part : parts) {
      byte[] bytes =
          switch (part) {
            case float[] values -> MemorySegment.ofArray(values).toArray(ValueLayout.JAVA_BYTE);
            case byte[] values -> values;
            case int[] values -> MemorySegment.ofArray(values).toArray(ValueLayout.JAVA_BYTE);
            default -> part.toString().getBytes(StandardCharsets.UTF_8);
          };
      // Of one length each, so that no part can be taken for the end of another.
      all.update(Sha256.start().digest(bytes));
    }
    return HexFormat.of().formatHex(all.digest());
  }
}
