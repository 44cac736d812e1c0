package org.drag4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.drag4j.cli.console.AppHome;
import org.drag4j.cli.console.Host;
import org.drag4j.engine.JsonText;
import org.drag4j.picture.PictureFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Every command line that README and pages print is carried out as it stands there, page by page, a
 * page's one after the other in a folder of its own; what a page shows below a command is what the
 * command says. One process runs them all.
 */
@Timeout(300)
class PageCommandsTest {
  private static final Path HOME = Path.of("..").toAbsolutePath().normalize();

  /** Command lines, by their beginnings, that are not run here, and why. */
  private static final Map<String, String> ELSEWHERE =
      Map.ofEntries(
          Map.entry("./drag4j test", "runs this test"),
          Map.entry("./drag4j dist", "takes minutes, and tries its archive itself"),
          Map.entry("./drag4j doctor", "takes ten seconds: DoctorCommandTest, and dist runs it"),
          Map.entry("./drag4j model random", "writes 2.1 GB: RandomModelTest"),
          Map.entry("./drag4j verify", "recordings are no part of the sources: VerifyCommandTest"),
          Map.entry("./drag4j tune --model DIR --device opencl:0", "a driver: TuneTest, TunedTest"),
          Map.entry("./mvnw", "builds"),
          Map.entry("gpu/", "a GPU"),
          Map.entry("JAVA_HOME=... gpu/", "a GPU"),
          Map.entry("target/gpu-pack/", "a GPU"),
          Map.entry("tests/run", "takes minutes, or recordings"),
          Map.entry("python3", "Python"),
          Map.entry("java", "times a start, or writes a page"));

  /** What is run in place of a line that stands for several. */
  private static final Map<String, List<String>> INSTEAD =
      Map.of(
          "./drag4j help COMMAND",
          Stream.concat(Drag4j.COMMANDS.stream(), Stream.of("model info", "model random"))
              .map(name -> "./drag4j help " + name)
              .toList(),
          "./drag4j bench unet|vae-encode|vae-decode|edit|text --model DIR [--size 512] [--batch 1]"
              + " [--threads N] [--runs 5] [--json]",
          Stream.of("unet", "vae-encode", "vae-decode", "edit", "text")
              .map(what -> "./drag4j bench " + what + " --model DIR --size 64 --runs 1 --json")
              .toList());

  /** What stands for a page's words: the demo model, and small pictures and documents. */
  private static final Map<String, String> WORDS =
      Map.of("DIR", "models/demo", "RESULT.png", "result.png", "FILE.png", "result.png");

  /** Pictures of the pages, each 256x256, and documents of few steps that name them. */
  private static final Set<String> DOCUMENTS = Set.of("cat.json", "DOC.json");

  private static final Set<String> PICTURES = Set.of("cat.png", "photo.png");

  private static final String DOCUMENT =
      """
      { "format": "drag-edit/2", "image": { "file": "cat.png" }, "prompt": "a cat",
        "drags": [ { "handle": { "rectangle": [88, 136, 80, 64] },
                     "target": { "rectangle": [88, 152, 80, 64] } } ],
        "working": { "size": 64, "windows": "one" }, "method": { "steps": 4 }, "model": { "path": "models/demo" } }
      """;

  private static final Pattern COMMAND =
      Pattern.compile("(\\w+=\\S+ )?(\\./|gpu/|target/|tests/run|python3 |javac? ).*");

  @TempDir Path folder = Path.of("");

  /**
   * A command line of a page.
   *
   * @param shown what the page says that it prints, {@code ...} standing for anything; empty where
   *     the page says nothing
   */
  private record Line(String page, String text, List<String> shown) {}

  /** All command lines, in the order of the pages. */
  private static List<Line> lines() throws IOException {
    var lines = new ArrayList<Line>();
    for (var page : PagesTest.pages()) {
      var part =
          Pattern.compile("(?ms)^```(\\w*)\\n(.*?)^```$|`([^`]+)`").matcher(PagesTest.page(page));
      while (part.find()) {
        if (part.group(3) != null) {
          var span = part.group(3).replaceAll("\\s+", " ");
          if (COMMAND.matcher(span).matches() && span.contains(" ")) {
            lines.add(new Line(page, span, List.of()));
          }
        } else if (part.group(1).isEmpty()) {
          lines.addAll(block(page, part.group(2)));
        }
      }
    }
    return lines;
  }

  /** The commands of a block, each with the lines below it. */
  private static List<Line> block(String page, String block) {
    var lines = new ArrayList<Line>();
    for (var text : block.replaceAll("\\\\\\n\\s*", " ").lines().toList()) {
      if (COMMAND.matcher(text).matches()) {
        lines.add(new Line(page, text.replaceAll("\\s+#.*", "").strip(), new ArrayList<>()));
      } else if (!lines.isEmpty() && !text.isBlank()) {
        lines.getLast().shown().add(text);
      }
    }
    return lines;
  }

  @Test
  void everyCommandLineOfThePagesRuns() throws Exception {
    var script = new StringBuilder();
    var expected = new ArrayList<Line>();
    var unused = new TreeSet<>(ELSEWHERE.keySet());
    unused.addAll(INSTEAD.keySet());
    for (var line : lines()) {
      var elsewhere = ELSEWHERE.keySet().stream().filter(line.text()::startsWith).toList();
      unused.removeAll(elsewhere);
      unused.remove(line.text());
      for (var command : INSTEAD.getOrDefault(line.text(), List.of(line.text()))) {
        if (elsewhere.isEmpty()) {
          expected.add(new Line(line.page(), command, line.shown()));
          script.append(line.page()).append('\t').append(typed(command)).append('\n');
        }
      }
    }
    assertEquals(Set.of(), unused, "lines of the tables above that no page prints");
    assertTrue(expected.size() > 40, "command lines were found: " + expected.size());
    var file = Files.writeString(folder.resolve("script"), script);
    var answers = answers(file);
    for (int i = 0; i < expected.size(); i++) {
      var line = expected.get(i);
      assertTrue(i < answers.size(), "an answer to " + line.text());
      var answer = answers.get(i);
      var what = line.page() + ": " + line.text() + ": " + answer;
      assertEquals(0, answer.get("code").asInt(), what);
      assertFalse(answer.get("err").asString().contains("warning:"), what);
      assertTrue(answer.get("missing").isEmpty(), what);
      if (!line.shown().isEmpty()) {
        assertShown(line, answer.get("out").asString());
      }
    }
  }

  /** The words of a command line, those that stand for something replaced, with tabs between. */
  private static String typed(String command) {
    return PagesTest.words(command.substring("./drag4j ".length())).stream()
        .map(word -> WORDS.getOrDefault(word, word))
        .collect(Collectors.joining("\t"));
  }

  private static void assertShown(Line line, String out) {
    var pattern =
        Stream.of(String.join("\n", line.shown()).split("\\.\\.\\.", -1))
            .map(Pattern::quote)
            .reduce((a, b) -> a + "(?s:.*?)" + b)
            .orElseThrow();
    assertTrue(
        Pattern.matches(pattern, out.stripTrailing()),
        line.page() + ": " + line.text() + ": expected " + line.shown() + ", got " + out);
  }

  /** What a process says that runs a script in a folder of its own. */
  private List<JsonNode> answers(Path script) throws Exception {
    var work = Files.createDirectory(folder.resolve("work"));
    var log = folder.resolve("log").toFile();
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "-Djava.awt.headless=true",
                "-D" + AppHome.PROPERTY + "=" + work,
                "-cp",
                absolute(System.getProperty("java.class.path")),
                Typist.class.getName(),
                script.toString(),
                HOME.toString())
            .directory(work.toFile())
            .redirectError(log)
            .start();
    try {
      process.getOutputStream().close(); // nothing is typed into a command
      var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(process.waitFor(1, TimeUnit.MINUTES));
      assertEquals(0, process.exitValue(), said + Files.readString(log.toPath()));
      var mapper = new JsonMapper();
      return said.lines().map(mapper::readTree).toList();
    } finally {
      process.destroyForcibly();
    }
  }

  private static String absolute(String classPath) {
    var separator = System.getProperty("path.separator");
    return String.join(
        separator,
        Stream.of(classPath.split(separator, -1))
            .map(entry -> Path.of(entry).toAbsolutePath().toString())
            .toList());
  }

  /** Types the lines of a script: a page and the words of a command each. */
  static final class Typist {
    private Typist() {}

    /** The script, and the folder with samples and models. */
    public static void main(String[] args) throws IOException {
      var script = Files.readAllLines(Path.of(args[0]));
      String page = "";
      for (var line : script) {
        int tab = line.indexOf('\t');
        if (!page.equals(line.substring(0, tab))) {
          page = line.substring(0, tab);
          prepare(Path.of(args[1]));
        }
        System.out.println(JsonText.of(answer(line.substring(tab + 1).split("\t", -1))));
      }
      clear();
    }

    private static Map<String, Object> answer(String... words) {
      var out = new StringWriter();
      var err = new StringWriter();
      var host = new Host(Map.of("DRAG4J_CACHE", "cache"), false, () -> false);
      var commands = Drag4j.commandLine(host, words);
      commands.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
      long start = System.nanoTime();
      int code = Drag4j.run(commands, host, words);
      var answer = new LinkedHashMap<String, Object>();
      answer.put("code", code);
      answer.put("seconds", (System.nanoTime() - start) / 1e9);
      answer.put("out", out.toString());
      answer.put("err", err.toString());
      answer.put("missing", missing(List.of(words)));
      return answer;
    }

    /** What the command was told to write and has not. */
    private static List<String> missing(List<String> words) {
      return Stream.of("-o", "--save")
          .filter(words::contains)
          .map(option -> words.get(words.indexOf(option) + 1))
          .filter(name -> !Files.exists(Path.of(name)))
          .toList();
    }

    /** A folder with samples of few steps, the demo model, and what the pages' words stand for. */
    private static void prepare(Path home) throws IOException {
      clear();
      Files.createDirectories(Path.of("models"));
      Files.createSymbolicLink(Path.of("models/demo"), home.resolve("models/demo"));
      Files.createDirectories(Path.of("samples"));
      try (Stream<Path> samples = Files.list(home.resolve("samples"))) {
        for (var file : samples.toList()) {
          var name = String.valueOf(file.getFileName());
          if (name.endsWith(".json")) {
            var text =
                Files.readString(file)
                    .replaceFirst("\"steps\": *\\d+", "\"steps\": 10")
                    .replaceFirst(
                        "\"method\":",
                        "\"working\": {\"size\": 64, \"windows\": \"one\"}, \"method\":");
            Files.writeString(Path.of("samples", name), text);
          } else {
            Files.copy(file, Path.of("samples", name));
          }
        }
      }
      for (var name : PICTURES) {
        Files.copy(home.resolve("samples/pig.png"), Path.of(name));
      }
      for (var name : DOCUMENTS) {
        Files.writeString(Path.of(name), DOCUMENT);
      }
      var answer = answer("edit", "cat.json", "--progress", "none", "-o", "result.png");
      if (!Integer.valueOf(0).equals(answer.get("code"))
          || !PictureFiles.isPng(Path.of("result.png"))) {
        throw new IOException(answer.toString());
      }
    }

    private static void clear() throws IOException {
      var here = Path.of("").toAbsolutePath();
      try (Stream<Path> old = Files.walk(here)) {
        for (var path : old.sorted(Comparator.reverseOrder()).toList()) {
          if (!path.equals(here)) {
            Files.delete(path);
          }
        }
      }
    }
  }
}
