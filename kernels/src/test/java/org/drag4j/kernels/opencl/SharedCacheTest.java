package org.drag4j.kernels.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.drag4j.tensor.DType;
import org.drag4j.trace.Trace;
import org.junit.jupiter.api.Assumptions;
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
    return start(CacheUser.class);
  }

  private Process start(Class<?> program) throws IOException {
    var command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            program.getName(),
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

  /** Kills a process, by SIGKILL where there are signals, once a folder has a file like this. */
  private static void killOnceThereIs(Process process, Path in, String ending) throws Exception {
    try {
      while (!hasFile(in, ending)) {
        assertTrue(process.isAlive(), "expected to be killed before its end");
        Thread.sleep(2);
      }
    } finally {
      process.destroyForcibly().waitFor();
    }
    assertNotEquals(0, process.exitValue());
  }

  private static boolean hasFile(Path folder, String ending) throws IOException {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (var files = Files.walk(folder)) {
      return files.anyMatch(f -> f.toString().endsWith(ending) && Files.isRegularFile(f));
    } catch (UncheckedIOException _) {
      return false; // a file that was renamed meanwhile
    }
  }

  private void assertEntriesAreWhole() throws IOException {
    for (var entry : entries()) {
      var loaded = new ProgramCache(cache()).load(String.valueOf(entry.getFileName()));
      assertTrue(loaded.isPresent(), entry.toString());
    }
  }

  @Test
  void aProcessKilledWhileItCompilesLeavesNothingInTheWay() throws Exception {
    Assumptions.assumeTrue(
        OpenClFailureTest.firstDevice().platform().equals("Portable Computing Language"),
        "only PoCL's folder tells that it is compiling");
    // Once with both caches empty, once more with what the first left in them.
    for (int i = 0; i < 2; i++) {
      killOnceThereIs(start(), folder.resolve("pocl"), ".bc");
      if (Files.exists(cache())) {
        assertEntriesAreWhole();
      }
    }
    var result = result(start());
    assertNotEquals("", result);
    assertEntriesAreWhole();
    assertEquals(result, result(start()));
  }

  @Test
  void aProcessKilledWhileItWritesLeavesNoEntryHalfWritten() throws Exception {
    var unfinished = false;
    for (int i = 0; i < 20 && !unfinished; i++) {
      killOnceThereIs(start(CacheWriter.class), cache(), ".tmp");
      assertEntriesAreWhole();
      unfinished = hasFile(cache(), ".tmp");
    }
    assertTrue(unfinished, "expected a process to be killed before it renamed its file");
    var cache = new ProgramCache(cache());
    var key = ProgramCache.key("source", "options", "0");
    cache.store(key, new byte[] {1, 2, 3});
    assertArrayEquals(new byte[] {1, 2, 3}, cache.load(key).orElseThrow());
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
    assertEntriesAreWhole();
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
