package org.drag4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What only a whole process can show: signals, a full heap, and the codes it ends with. */
@Timeout(600)
class ProcessTest {
  private static final Path HOME = Path.of("..").toAbsolutePath().normalize();
  private static final Path STATUS = Path.of("/proc/self/status");

  @TempDir Path folder = Path.of("");

  @BeforeEach
  void prepare() throws IOException {
    Files.copy(HOME.resolve("samples/pig.png"), folder.resolve("pig.png"));
    Files.writeString(folder.resolve("older.png"), "older");
    Files.writeString(
        folder.resolve("pig.json"),
        """
        { "format": "drag-edit/1", "image": { "file": "pig.png" },
          "drags": [ { "handle": { "rectangle": [88, 136, 80, 64] },
                       "target": { "rectangle": [88, 152, 80, 64] } } ],
          "method": { "steps": 500 } }
        """);
  }

  /** A process that was started with signals ignored hands that on to its children. */
  private static void needSignals() throws IOException {
    assumeTrue(Files.isReadable(STATUS), "no /proc here");
    var ignored =
        Files.readAllLines(STATUS).stream().filter(line -> line.startsWith("SigIgn:")).findFirst();
    assumeTrue(
        ignored.isPresent()
            && (Long.parseUnsignedLong(ignored.get().substring(7).strip(), 16) & 2) == 0,
        "SIGINT is ignored here");
  }

  private Process java(List<String> flags, String type, String... args) throws IOException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--add-modules", "jdk.incubator.vector"));
    command.addAll(flags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), type));
    command.addAll(Arrays.asList(args));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private Process edit(List<String> flags) throws IOException {
    return java(
        flags,
        "org.drag4j.cli.Drag4j",
        "edit",
        folder.resolve("pig.json").toString(),
        "-m",
        HOME.resolve("models/demo").toString(),
        "-o",
        folder.resolve("older.png").toString(),
        "--overwrite",
        "--progress",
        "json");
  }

  private static void interrupt(Process process) throws Exception {
    var kill = new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start();
    assertEquals(0, kill.waitFor());
  }

  /** Reads up to a line with this in it. */
  private static String until(String part, BufferedReader said) throws IOException {
    var all = new StringBuilder();
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      all.append(line).append('\n');
      if (line.contains(part)) {
        return all.toString();
      }
    }
    throw new AssertionError("never said " + part + ": " + all);
  }

  private void assertNothingWritten() throws IOException {
    var names = new TreeSet<String>();
    try (var files = Files.list(folder)) {
      files.forEach(file -> names.add(String.valueOf(file.getFileName())));
    }
    assertEquals(new TreeSet<>(List.of("older.png", "pig.json", "pig.png")), names);
    assertEquals("older", Files.readString(folder.resolve("older.png")));
  }

  @Test
  void anInterruptEndsAnEditWith130AndLeavesNothing() throws Exception {
    needSignals();
    var process = edit(List.of());
    try (var said = process.inputReader()) {
      until("\"phase\": \"invert\", \"step\": 2", said);
      interrupt(process);
      until("drag4j: stopped; only what was finished before has been written", said);
    }
    assertEquals(130, process.waitFor());
    assertNothingWritten();
  }

  /** Work that does not look whether it should stop. */
  static final class Stubborn {
    public static void main(String[] args) throws InterruptedException {
      var _ = Interrupt.install(Duration.ofDays(1), System.out);
      System.out.println("working");
      new CountDownLatch(1).await();
    }
  }

  @Test
  void aSecondInterruptEndsWhatDoesNotStop() throws Exception {
    needSignals();
    var process = java(List.of(), Stubborn.class.getName());
    try (var said = process.inputReader()) {
      until("working", said);
      interrupt(process);
      until("press Ctrl-C again to stop at once", said);
      assertTrue(process.isAlive());
      interrupt(process);
      assertEquals(130, process.waitFor());
    }
  }

  @Test
  void aHeapTooSmallEndsWith5AndSaysWhatToDo() throws Exception {
    var process = edit(List.of("-Xmx24m", "-Xmn4m"));
    String said;
    try (var reader = process.inputReader()) {
      said = until("drag4j: ", reader);
    }
    assertEquals(5, process.waitFor(), said);
    assertTrue(said.contains("Java heap") && said.contains("DRAG4J_JAVA_OPTS=-Xmx"), said);
    assertFalse(said.contains("Exception"), said);
    assertNothingWritten();
  }

  /** As the launcher starts it: the Vector API is loaded when it is first asked for. */
  @Test
  void vectorsAreThereAndNothingIsSaidOfIncubatorModules() throws Exception {
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-exports=java.base/jdk.internal.module=ALL-UNNAMED",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "org.drag4j.cli.Drag4j",
                "devices")
            .redirectErrorStream(true)
            .start();
    var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    assertTrue(said.startsWith("cpu "), said);
    assertTrue(said.lines().findFirst().orElse("").endsWith("-bit vectors"), said);
  }

  /** A disk that is full, as the shell has it: {@code drag4j edit --schema > /dev/full}. */
  @Test
  void aFullStdoutIsAFailure() throws Exception {
    var full = Path.of("/dev/full");
    assumeTrue(Files.exists(full), "no /dev/full here");
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "org.drag4j.cli.Drag4j",
                "edit",
                "--schema")
            .redirectOutput(full.toFile())
            .start();
    var said = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(1, process.waitFor(), said);
    assertTrue(said.startsWith("drag4j: stdout: expected to write the whole result"), said);
  }
}
