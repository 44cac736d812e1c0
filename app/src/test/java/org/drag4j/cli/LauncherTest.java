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
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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
    Files.writeString(java, "#!/bin/sh\nprintf '%s\\n' \"$0\" \"$@\" \"LC_ALL=${LC_ALL-}\"\n");
    assertTrue(java.toFile().setExecutable(true));
    assertTrue(home.resolve("drag4j").toFile().setExecutable(true));
  }

  private Outcome run(Path launcher, String... args) throws IOException, InterruptedException {
    return run(Map.of(), launcher, args);
  }

  private Outcome run(Map<String, String> environment, Path launcher, String... args)
      throws IOException, InterruptedException {
    var command = new ArrayList<>(List.of("/bin/sh", launcher.toString()));
    command.addAll(Arrays.asList(args));
    var builder = new ProcessBuilder(command).redirectErrorStream(true).directory(folder.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", "/usr/bin:/bin");
    // A JDK that is named must not be taken: the archive's is the one it was tried with.
    builder.environment().put("JAVA_HOME", "/nowhere");
    builder.environment().putAll(environment);
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
          said.subList(at + 1, said.size() - 1));
      assertTrue(
          said.stream().noneMatch(flag -> flag.startsWith("-XX:SharedArchiveFile")), outcome.out());
      assertTrue(said.contains("--enable-native-access=ALL-UNNAMED"), outcome.out());
    }
  }

  private void release(String version) throws IOException {
    Files.writeString(
        folder.resolve("an archive/java/release"), "JAVA_VERSION=\"" + version + "\"\n");
  }

  /** The line about incubator modules is the JVM's, of what it is told to add. */
  @ParameterizedTest
  @CsvSource({
    "25.0.3, --add-exports=java.base/jdk.internal.module=ALL-UNNAMED",
    "25.0.11, --add-exports=java.base/jdk.internal.module=ALL-UNNAMED",
    "26, --add-modules=jdk.incubator.vector",
    "27.0.1, --add-modules=jdk.incubator.vector"
  })
  void aJavaThatIsKnownToLoadsVectorsQuietly(String version, String flag) throws Exception {
    release(version);
    var outcome = run(folder.resolve("an archive/drag4j"), "help");
    assertEquals(flag, outcome.out().lines().skip(1).findFirst().orElse(""), outcome.out());
  }

  @ParameterizedTest
  @ValueSource(strings = {"25", "25.0.1", "25.0.2", "25.0.2.1"})
  void anOldJavaIsWarnedOf(String version) throws Exception {
    release(version);
    var outcome = run(folder.resolve("an archive/drag4j"), "help");
    assertTrue(
        outcome
            .out()
            .startsWith("drag4j: warning: expected Java 25.0.3 or newer, got " + version + " at "),
        outcome.out());
  }

  /** A program "locale" that knows these encodings, a line each as {@code NAME) ENCODING}. */
  private Map<String, String> locales(String all, String... known) throws IOException {
    var tools = Files.createDirectories(folder.resolve("tools"));
    var cases = new StringBuilder();
    for (var one : known) {
      cases.append(one.replace(")", ") echo ")).append(" ;;\n");
    }
    var tool = tools.resolve("locale");
    Files.writeString(
        tool,
        "#!/bin/sh\n[ \"$1\" = charmap ] || { printf '%s\\n' 'C' 'nl_NL.utf8'; exit; }\n"
            + "case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in\n"
            + cases
            + "*) echo ANSI_X3.4-1968 ;;\nesac\n");
    assertTrue(tool.toFile().setExecutable(true));
    return Map.of("LC_ALL", all, "PATH", tools + ":/usr/bin:/bin");
  }

  private String localeOf(Map<String, String> environment) throws Exception {
    release("25.0.3");
    var outcome = run(environment, folder.resolve("an archive/drag4j"), "help");
    assertEquals(0, outcome.code(), outcome.out());
    var lines = outcome.out().lines().toList();
    return (lines.getFirst().startsWith("drag4j: warning") ? "warning " : "")
        + lines.getLast().replace("LC_ALL=", "");
  }

  @Test
  void whereThereIsNoLocaleAUtf8OneTakesItsPlace() throws Exception {
    String utf8 = "C.UTF-8) UTF-8";
    for (var none : List.of("", "C", "POSIX", "not_HERE.UTF-8")) {
      assertEquals("C.UTF-8", localeOf(locales(none, utf8)));
    }
    // As on macOS, and where only one of another language is installed.
    assertEquals("en_US.UTF-8", localeOf(locales("C", "en_US.UTF-8) UTF-8")));
    assertEquals("nl_NL.utf8", localeOf(locales("C", "nl_NL.utf8) UTF-8")));
    assertEquals("warning C", localeOf(locales("C")));
  }

  @Test
  void anEncodingThatIsThereKeepsItsMeaning() throws Exception {
    assertEquals("fr_FR.UTF-8", localeOf(locales("fr_FR.UTF-8", "fr_FR.UTF-8) UTF-8")));
    assertEquals("de_DE", localeOf(locales("de_DE", "de_DE) ISO-8859-1", "C.UTF-8) UTF-8")));
    assertEquals("ja_JP", localeOf(locales("ja_JP", "ja_JP) EUC-JP", "C.UTF-8) UTF-8")));
    assertEquals("zh_CN", localeOf(locales("zh_CN", "zh_CN) GB18030", "C.UTF-8) UTF-8")));
  }

  @Test
  void aFolderThatAnEncodingCannotNameIsFoundAllTheSame() throws Exception {
    var named = folder.resolve("字");
    Files.move(folder.resolve("an archive"), named);
    Files.writeString(named.resolve("java/release"), "JAVA_VERSION=\"25.0.3\"\n");
    var environment = locales("ja_JP", "ja_JP) EUC-JP", "C.UTF-8) UTF-8");
    var outcome = run(environment, named.resolve("drag4j"), "help");
    assertTrue(outcome.out().endsWith("LC_ALL=C.UTF-8\n"), outcome.out());
  }

  /** As in musl's systems: what is no C locale is UTF-8. */
  @Test
  void withoutAProgramThatKnowsLocalesTheNameTells() throws Exception {
    var tools = Files.createDirectories(folder.resolve("bare"));
    for (var tool : List.of("dirname", "readlink", "sed", "head", "grep")) {
      for (var bin : List.of("/usr/bin", "/bin")) {
        if (Files.exists(Path.of(bin, tool)) && !Files.exists(tools.resolve(tool))) {
          var file = tools.resolve(tool);
          Files.writeString(file, "#!/bin/sh\nexec %s/%s \"$@\"\n".formatted(bin, tool));
          assertTrue(file.toFile().setExecutable(true));
        }
      }
    }
    for (var one : List.of("=C.UTF-8", "C=C.UTF-8", "nl_NL.utf8=C.UTF-8", "de_DE=de_DE")) {
      var all = one.substring(0, one.indexOf('='));
      assertEquals(
          one.substring(one.indexOf('=') + 1),
          localeOf(Map.of("LC_ALL", all, "PATH", tools.toString())));
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
