package org.drag4j.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which Java is refused, with which collector. */
class PinnedArraysTest {
  private static final List<String> G1 =
      List.of("G1 Young Generation", "G1 Concurrent GC", "G1 Old Generation");

  @ParameterizedTest
  @ValueSource(strings = {"25", "25.0.1+8-LTS", "25.0.2", "25.0.2.1"})
  void anOldJavaIsRefusedUnderG1Alone(String version) {
    var java = Runtime.Version.parse(version);
    var refused = assertThrows(DeviceException.class, () -> PinnedArrays.require(java, () -> G1));
    assertEquals(
        "java: expected 25.0.3 or newer, or another collector than G1, got "
            + version
            + " with G1, which can corrupt arrays; update Java, or start it with"
            + " -XX:+UseParallelGC",
        refused.getMessage());
    for (var others :
        List.of(
            List.of("PS MarkSweep", "PS Scavenge"),
            List.of("Copy", "MarkSweepCompact"),
            List.of("ZGC Minor Cycles", "ZGC Major Pauses"))) {
      PinnedArrays.require(java, () -> others);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"25.0.3+9-LTS", "25.0.10", "25.1", "26", "26.0.1"})
  void aJavaWithoutTheFaultIsNotAskedForItsCollector(String version) {
    PinnedArrays.require(
        Runtime.Version.parse(version),
        () -> {
          throw new AssertionError("its collectors were looked up");
        });
  }

  @Test
  void thisJavaIsAskedAsItIs() {
    if (!PinnedArrays.isOld(Runtime.version())) {
      PinnedArrays.require();
    }
  }
}
