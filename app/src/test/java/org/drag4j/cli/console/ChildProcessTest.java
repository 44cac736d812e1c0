package org.drag4j.cli.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.drag4j.pipeline.CancelledException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChildProcessTest {
  private static final Duration LONG = Duration.ofMinutes(5);

  private final List<String> heard = new CopyOnWriteArrayList<>();

  @BeforeEach
  void onUnix() {
    assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "no /bin/sh here");
  }

  private String shell(String script, Duration limit) {
    return ChildProcess.run(
        List.of("/bin/sh", "-c", script), limit, () -> false, "us ", heard::add);
  }

  @Test
  void itsOwnLinesAreHandedOnWhateverElseIsPrinted() {
    assertEquals(
        "", shell("echo us one; echo noise >&2; printf half; printf '\\nus two\\nus'", LONG));
    assertEquals(List.of("one", "two"), heard);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "kill -ABRT $$ | SIGABRT (exit code 134)",
        "kill -KILL $$ | SIGKILL (exit code 137)",
        "echo 'x  y' >&2; echo; kill -SEGV $$ | SIGSEGV (exit code 139); it said: x y",
        "echo no ld; exit 3 | exit code 3; it said: no ld",
        "echo 'WARNING: Using incubator modules: x'; exit 3 | exit code 3",
      })
  void howItEndedIsSaid(String script, String expected) {
    assertEquals("expected an orderly end, got " + expected, shell(script, LONG));
  }

  @Test
  void ofACrashOfTheJvmTheSignalAndThePlaceAreSaid() {
    var script =
        """
        echo first
        echo '# A fatal error has been detected by the Java Runtime Environment:'
        echo '#'
        echo '#  SIGSEGV (0xb) at pc=0x1, pid=2, tid=3'
        echo '# Problematic frame:'
        echo '# C  [libdriver.so+0x5]'
        echo 'R15=0x0'
        exit 134
        """;
    assertEquals(
        "expected an orderly end, got SIGABRT (exit code 134); it said: SIGSEGV (0xb) at pc=0x1,"
            + " pid=2, tid=3, in C [libdriver.so+0x5]",
        shell(script, LONG));
  }

  @Test
  void whatHangsIsEndedWithItsOwnChildren(@TempDir Path folder) throws Exception {
    var pid = folder.resolve("pid");
    var failure =
        shell("sleep 1000 & echo $! >" + pid + "; echo us on; wait", Duration.ofSeconds(10));
    assertEquals("expected an end within 10 s, got none", failure);
    assertEquals(List.of("on"), heard);
    var sleeper = ProcessHandle.of(Long.parseLong(Files.readString(pid).strip()));
    if (sleeper.isPresent()) {
      sleeper.get().onExit().join();
    }
  }

  @Test
  void itIsEndedWhereTheUserStops() {
    var stop = new AtomicBoolean();
    assertThrows(
        CancelledException.class,
        () ->
            ChildProcess.run(
                List.of("/bin/sh", "-c", "echo us on; exec sleep 1000"),
                LONG,
                stop::get,
                "us ",
                _ -> stop.set(true)));
  }

  @Test
  void whatCannotBeStartedIsSaid() {
    var failure = ChildProcess.run(List.of("/nowhere/java"), LONG, () -> false, "us ", heard::add);
    assertTrue(failure.startsWith("expected to start /nowhere/java, got: "), failure);
  }

  @Test
  void aLineWithoutEndIsCut() {
    assertEquals("", shell("printf 'us '; head -c 3000000 /dev/zero | tr '\\0' x; echo", LONG));
    assertEquals((1 << 20) - 3, heard.getFirst().length());
  }
}
