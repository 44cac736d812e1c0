package org.drag4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher in an archive: with Java beside it, and nothing else anywhere. */
class LauncherTest {
  private static final Path LAUNCHER = Path.of("..", "drag4j").toAbsolutePath().normalize();

  @TempDir Path folder = Path.of("");

  private record Outcome(int code, String out) {}

  /** An archive whose Java prints what it is asked for, a line each. */
  @BeforeEach
  void unpack() throws IOException {
    assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "no /bin/sh here");
    folder = folder.toRealPath();
    var home = Files.createDirectories(folder.resolve("an archive"));
    Files.copy(LAUNCHER, home.resolve("drag4j"));
    var lib = Files.createDirectories(home.resolve("lib"));
    for (var jar : List.of("b.jar", "a.jar")) {
      Files.createFile(lib.resolve(jar));
    }
    var java = Files.createDirectories(home.resolve("java").resolve("bin")).resolve("java");
    Files.writeString(java, "#!/bin/sh\nprintf '%s\\n' \"$0\" \"$@\"\n");
    assertTrue(java.toFile().setExecutable(true));
    assertTrue(home.resolve("drag4j").toFile().setExecutable(true));
  }

  private Outcome run(Path launcher, String... args) throws IOException, InterruptedException {
    var command = new ArrayList<>(List.of("/bin/sh", launcher.toString()));
    command.addAll(Arrays.asList(args));
    var builder = new ProcessBuilder(command).redirectErrorStream(true).directory(folder.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", "/usr/bin:/bin");
    // A JDK that is named must not be taken: the archive's is the one it was tried with.
    builder.environment().put("JAVA_HOME", "/nowhere");
    var process = builder.start();
    var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Outcome(process.waitFor(), out);
  }

  @Test
  void theArchivesOwnJavaRunsTheJarsBesideIt() throws Exception {
    var home = folder.resolve("an archive");
    var link = Files.createSymbolicLink(folder.resolve("link"), home.resolve("drag4j"));
    for (var launcher : List.of(home.resolve("drag4j"), link)) {
      var outcome = run(launcher, "edit", "a b.json");
      assertEquals(0, outcome.code(), outcome.out());
      var said = outcome.out().lines().toList();
      assertEquals(home.resolve("java/bin/java").toString(), said.getFirst());
      int at = said.indexOf("-cp");
      assertEquals(
          List.of(
              home + "/lib/a.jar:" + home + "/lib/b.jar",
              "org.drag4j.cli.Drag4j",
              "edit",
              "a b.json"),
          said.subList(at + 1, said.size()));
      assertTrue(said.contains("jdk.incubator.vector"), outcome.out());
      assertTrue(
          said.stream().noneMatch(flag -> flag.startsWith("-XX:SharedArchiveFile")), outcome.out());
      assertTrue(said.contains("--enable-native-access=ALL-UNNAMED"), outcome.out());
    }
  }

  @Test
  void classesKeptFromADemoAreTaken() throws Exception {
    var home = folder.resolve("an archive");
    var kept = Files.createFile(home.resolve("lib").resolve("drag4j.jsa"));
    var outcome = run(home.resolve("drag4j"), "help");
    assertEquals(0, outcome.code(), outcome.out());
    assertTrue(
        outcome.out().lines().toList().contains("-XX:SharedArchiveFile=" + kept), outcome.out());
  }

  @Test
  void whatNeedsTheSourcesSaysSo() throws Exception {
    for (var verb : List.of("test", "dist")) {
      var outcome = run(folder.resolve("an archive").resolve("drag4j"), verb);
      assertEquals(2, outcome.code());
      assertEquals(
          "drag4j: "
              + verb
              + ": expected a checkout of the sources, got an archive; clone the repository.\n",
          outcome.out());
    }
  }
}
