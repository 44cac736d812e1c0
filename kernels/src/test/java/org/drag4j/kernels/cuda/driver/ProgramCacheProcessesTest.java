package org.drag4j.kernels.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes of their own share a cache. */
class ProgramCacheProcessesTest {
  @TempDir Path folder;

  private final List<User> users = new ArrayList<>();

  /** A process, and what it says. */
  private record User(Process process, BufferedReader out) {
    String says() throws IOException {
      return String.valueOf(out.readLine());
    }

    void goOn() throws IOException {
      process.outputWriter(StandardCharsets.UTF_8).append('\n').flush();
    }
  }

  private User start(String how) throws IOException {
    var classes =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classes,
                CacheUser.class.getName(),
                cache().toString(),
                log().toString(),
                how)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    var user =
        new User(
            process,
            new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)));
    users.add(user);
    assertEquals("ready", user.says());
    return user;
  }

  @AfterEach
  void end() throws InterruptedException {
    for (var user : users) {
      user.process().destroyForcibly().waitFor();
    }
  }

  private Path cache() {
    return folder.resolve("cache");
  }

  private Path log() {
    return folder.resolve("log");
  }

  private List<String> suffixes() throws IOException {
    try (var files = Files.list(cache())) {
      return files.map(f -> f.toString().replaceFirst(".*[./]", "")).sorted().toList();
    }
  }

  @Test
  void ofManyAtOnceOneCompiles() throws IOException {
    for (int i = 0; i < 4; i++) {
      var _ = start("works");
    }
    for (var user : users) {
      user.goOn();
    }
    for (var user : users) {
      assertEquals("right", user.says());
    }
    assertEquals(List.of("compiled"), Files.readAllLines(log()));
    assertEquals(List.of("bin", "lock"), suffixes());
  }

  @Test
  void aKilledWriterIsInNobodysWay() throws IOException, InterruptedException {
    var killed = start("hangs");
    killed.goOn();
    assertEquals("compiling", killed.says());
    assertEquals(List.of("lock", "tmp"), suffixes());
    var next = start("works");
    next.goOn();
    killed.process().destroyForcibly().waitFor();
    assertEquals("right", next.says());
    assertEquals(2, Files.readAllLines(log()).size());
    assertEquals(List.of("bin", "lock"), suffixes());
  }

  @Test
  void oneThatHangsIsNotWaitedForForEver() throws IOException {
    var hung = start("hangs");
    hung.goOn();
    assertEquals("compiling", hung.says());
    var compiler =
        new CudaCompiler() {
          @Override
          public String version() {
            return "test 1";
          }

          @Override
          public byte[] compile(CudaSource source, List<String> options, String arch) {
            return CacheUser.PROGRAM;
          }
        };
    var impatient = ProgramCache.of(cache(), Duration.ZERO);
    assertArrayEquals(
        CacheUser.PROGRAM, impatient.program(compiler, CacheUser.SOURCE, List.of(), "sm_90"));
    assertTrue(hung.process().isAlive());
    // What it was writing is its own.
    assertEquals(List.of("bin", "lock", "tmp"), suffixes());
  }
}
