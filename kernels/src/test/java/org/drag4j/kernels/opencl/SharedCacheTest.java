package org.drag4j.kernels.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.drag4j.tensor.DType;
import org.drag4j.trace.Trace;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes that share a program cache, one of them killed. */
class SharedCacheTest {
  @TempDir private Path folder = Path.of("");

  @BeforeEach
  void needsADevice() {
    assertFalse(OpenClFailureTest.firstDevice().name().isEmpty());
  }

  private Process start() throws IOException {
    var command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            CacheUser.class.getName(),
            cache().toString());
    var builder = new ProcessBuilder(command).redirectError(folder.resolve("err").toFile());
    // The driver's own cache would hide ours.
    builder.environment().put("POCL_CACHE_DIR", folder.resolve("pocl").toString());
    return builder.start();
  }

  private Path cache() {
    return folder.resolve("cache");
  }

  private String result(Process process) throws Exception {
    var text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), text + Files.readString(folder.resolve("err")));
    return text.lines().filter(l -> l.startsWith("result")).findFirst().orElse("");
  }

  private List<Path> entries() throws IOException {
    try (var files = Files.list(cache())) {
      return files.filter(f -> !f.toString().endsWith(".tmp")).sorted().toList();
    }
  }

  @Test
  void twoProcessesAndAKilledOneDoNotDisturbEachOther() throws Exception {
    var killed = start();
    // Once it says so it is about to build its programs.
    assertEquals('s', killed.getInputStream().read());
    var one = start();
    var two = start();
    killed.destroyForcibly().waitFor();
    var result = result(one);
    assertNotEquals("", result);
    assertEquals(result, result(two));
    var entries = entries();
    assertFalse(entries.isEmpty());
    for (var entry : entries) {
      var loaded = new ProgramCache(cache()).load(String.valueOf(entry.getFileName()));
      assertTrue(loaded.isPresent(), entry.toString());
    }
    assertEquals(result, result(start()));
    assertEquals(entries, entries());
  }

  @Test
  void entriesThatAreDamagedOrNoProgramsAreReplaced() throws Exception {
    var info = OpenClFailureTest.firstDevice();
    int expected = hash(info);
    var entries = entries();
    assertTrue(entries.size() > 1);
    byte[] whole = Files.readAllBytes(entries.getFirst());
    Files.write(entries.getFirst(), Arrays.copyOf(whole, whole.length / 2));
    // A whole entry of which the driver can make nothing.
    var other = entries.getLast();
    new ProgramCache(cache()).store(String.valueOf(other.getFileName()), new byte[100]);
    assertEquals(132, Files.size(other));
    assertEquals(expected, hash(info));
    assertTrue(Files.size(entries.getFirst()) > whole.length / 2);
    assertTrue(Files.size(other) > 132);
  }

  private int hash(DeviceInfo info) {
    try (var backend = OpenClBackend.open(info, DType.F32, new ProgramCache(cache()))) {
      return Arrays.hashCode(Network.run(backend, Trace.OFF));
    }
  }
}
