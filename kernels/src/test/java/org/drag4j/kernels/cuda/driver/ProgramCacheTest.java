package org.drag4j.kernels.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.drag4j.device.DeviceException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgramCacheTest {
  private static final CudaSource SOURCE = CudaSource.of("add.cu", "void add() {}");

  @TempDir Path folder;

  /** Compiles to a text that says from what, and counts. */
  private static final class Counting implements CudaCompiler {
    private int compiled;

    @Override
    public String version() {
      return "test 1";
    }

    @Override
    public synchronized byte[] compile(CudaSource source, List<String> options, String arch) {
      if (source.text().isEmpty()) {
        throw new DeviceException(source.name() + ": expected a source, got none");
      }
      compiled++;
      return (source.text() + options + arch).repeat(1000).getBytes(StandardCharsets.UTF_8);
    }
  }

  private List<Path> files() throws IOException {
    try (var files = Files.list(folder.resolve("cache"))) {
      return files.filter(f -> !f.endsWith("lock")).toList();
    }
  }

  @Test
  void aProgramIsCompiledOnceAndKept() throws IOException {
    var compiler = new Counting();
    var expected = compiler.compile(SOURCE, List.of("-O3"), "sm_90");
    for (int run = 0; run < 3; run++) {
      // As another process would.
      var cache = ProgramCache.of(folder.resolve("cache"));
      assertArrayEquals(expected, cache.program(compiler, SOURCE, List.of("-O3"), "sm_90"));
    }
    assertEquals(2, compiler.compiled);
    assertEquals(1, files().size());
    assertEquals(
        "rwx------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("cache"))));
  }

  @Test
  void everythingThatMattersIsInTheKey() {
    var keys = new HashSet<String>();
    var headers = new TreeMap<>(Map.of("a.h", "1"));
    keys.add(ProgramCache.key("v", SOURCE, List.of("ab", "c"), "sm_90"));
    keys.add(ProgramCache.key("w", SOURCE, List.of("ab", "c"), "sm_90"));
    keys.add(ProgramCache.key("v", SOURCE, List.of("a", "bc"), "sm_90"));
    keys.add(ProgramCache.key("v", SOURCE, List.of("abc"), "sm_90"));
    keys.add(ProgramCache.key("v", SOURCE, List.of("ab", "c"), "sm_80"));
    keys.add(ProgramCache.key("v", CudaSource.of("a.cu", SOURCE.text()), List.of(), "sm_90"));
    keys.add(ProgramCache.key("v", CudaSource.of(SOURCE.name(), ""), List.of(), "sm_90"));
    keys.add(
        ProgramCache.key(
            "v", new CudaSource(SOURCE.name(), SOURCE.text(), headers), List.of(), "sm_90"));
    headers.put("a.h", "2");
    keys.add(
        ProgramCache.key(
            "v", new CudaSource(SOURCE.name(), SOURCE.text(), headers), List.of(), "sm_90"));
    assertEquals(9, keys.size());
  }

  @Test
  void aDamagedFileIsCompiledAgainAndReplaced() throws IOException {
    var compiler = new Counting();
    var cache = ProgramCache.of(folder.resolve("cache"));
    var expected = cache.program(compiler, SOURCE, List.of(), "sm_90");
    var file = files().getFirst();
    var bytes = Files.readAllBytes(file);
    for (var damage : List.of(0, 40, bytes.length - 1)) {
      var damaged = bytes.clone();
      damaged[damage] ^= 1;
      Files.write(file, damaged);
      assertArrayEquals(expected, cache.program(compiler, SOURCE, List.of(), "sm_90"));
      assertArrayEquals(bytes, Files.readAllBytes(file));
    }
    Files.write(file, Arrays.copyOf(bytes, 100));
    assertArrayEquals(expected, cache.program(compiler, SOURCE, List.of(), "sm_90"));
    Files.write(file, new byte[0]);
    assertArrayEquals(expected, cache.program(compiler, SOURCE, List.of(), "sm_90"));
    assertEquals(6, compiler.compiled);
  }

  @Test
  void aSourceThatDoesNotCompileLeavesNothing() throws IOException {
    var cache = ProgramCache.of(folder.resolve("cache"));
    assertThrows(
        DeviceException.class,
        () -> cache.program(new Counting(), CudaSource.of("empty.cu", ""), List.of(), "sm_90"));
    assertEquals(List.of(), files());
  }

  @Test
  void whereNothingCanBeWrittenProgramsAreCompiledAllTheSame() throws IOException {
    Files.writeString(folder.resolve("cache"), "a file, not a folder");
    var compiler = new Counting();
    var cache = ProgramCache.of(folder.resolve("cache"));
    cache.program(compiler, SOURCE, List.of(), "sm_90");
    cache.program(compiler, SOURCE, List.of(), "sm_90");
    assertEquals(2, compiler.compiled);
  }

  @Test
  void manyAtOnceSeeWholeProgramsOnly() throws Exception {
    var compiler = new Counting();
    var expected = compiler.compile(SOURCE, List.of(), "sm_90");
    var start = new CountDownLatch(1);
    try (var threads = Executors.newFixedThreadPool(4)) {
      var results = new ArrayList<Future<byte[]>>();
      for (int i = 0; i < 32; i++) {
        results.add(
            threads.submit(() -> {
              start.await();
              return ProgramCache.of(folder.resolve("cache"))
                  .program(compiler, SOURCE, List.of(), "sm_90");
            }));
      }
      start.countDown();
      for (var result : results) {
        assertArrayEquals(expected, result.get());
      }
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
    assertEquals(1, files().size());
  }
}
