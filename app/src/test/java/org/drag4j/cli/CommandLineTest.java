package org.drag4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.drag4j.cli.console.AppHome;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.console.Host;
import org.drag4j.cli.option.Rectangle;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceMemoryException;
import org.drag4j.document.MaskSource;
import org.drag4j.document.Settings;
import org.drag4j.engine.Edit;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.Drag;
import org.drag4j.geometry.Move;
import org.drag4j.geometry.Point;
import org.drag4j.method.Documents;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureFiles;
import org.drag4j.pipeline.CancelledException;
import org.drag4j.tensor.WeightMismatchException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** What goes wrong before any network runs. */
class CommandLineTest {
  private static final String DRAGS =
      "[{\"handle\": {\"polygon\": [[8,8],[40,8],[40,40],[8,40]]},"
          + " \"target\": {\"polygon\": [[16,8],[48,8],[48,40],[16,40]]}}]";

  @TempDir Path folder = Path.of("");

  private record Outcome(int code, String out, String err) {}

  private static Outcome run(Map<String, String> environment, String... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    var host = new Host(environment, false, () -> false);
    var commands = Drag4j.commandLine(host);
    commands.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int code = Drag4j.run(commands, host, args);
    return new Outcome(code, out.toString(), err.toString());
  }

  private static Outcome run(String... args) {
    return run(Map.of(), args);
  }

  @BeforeEach
  void writePicture() throws IOException {
    PictureFiles.writePng(Picture.of(64, 48, new byte[64 * 48 * 3]), folder.resolve("cat.png"));
  }

  private String document(String image, String drags, String more) throws IOException {
    var file = folder.resolve("cat.json");
    Files.writeString(
        file,
        "{\"format\": \"drag-edit/1\", \"image\": {\"file\": \"%s\"}, \"drags\": %s%s}"
            .formatted(image, drags, more));
    return file.toString();
  }

  private List<String> files() {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(f -> String.valueOf(f.getFileName())).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs a command that must fail in one line and leave nothing. */
  private String fails(int code, String... args) {
    var before = files();
    var outcome = run(args);
    assertEquals(code, outcome.code(), outcome.err());
    assertEquals("", outcome.out());
    assertEquals(1, outcome.err().lines().count(), outcome.err());
    assertTrue(outcome.err().startsWith("drag4j: "), outcome.err());
    assertEquals(before, files());
    return outcome.err().substring("drag4j: ".length()).stripTrailing();
  }

  private String failsToEdit(int code, String document) {
    return fails(code, "edit", document, "-o", folder.resolve("out.png").toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "frobnicate",
        "edit",
        "edit --bogus x.json",
        "edit a.json b.json",
        "edit x.json --threads 0",
        "edit x.json --threads many",
        "edit x.json --cpu-vector 64",
        "edit x.json --progress loud",
        "edit x.json -o out.jpg",
        "drag x.png --from 1,2,3,4",
        "drag x.png --from 1,2,3 --to 1,2,3,4",
        "drag x.png --from 1,2,0,4 --to 1,2,3,4",
        "drag x.png --from NaN,2,3,4 --to 1,2,3,4",
        "drag x.png --from 1,2,3,4 --from 1,2,3,4 --to 1,2,3,4",
        "drag x.png --from 1,2,3,4 --to 1,2,3,4 --rotate 5",
        "drag x.png --from 1,2,3,4 --to 1,2,3,4 --about 5,5",
        "drag x.png --from 1,2,3,4 --about 5,5",
        "drag x.png --from 1,2,3,4 --by 5",
        "drag x.png --from 1,2,3,4 --by 0,0",
        "drag x.png --from 1,2,3,4 --rotate 361",
        "drag x.png --from 1,2,3,4 --scale 0",
        "drag x.png --from 1,2,3,4 --scale NaN",
        "drag x.png --from 1,2,3,4 --rotate 5 --scale 2 --scale 3",
        "bench",
        "bench everything -m x",
        "bench unet -m x --size 0",
        "bench unet -m x --batch 0",
        "bench unet -m x --runs 0",
        "bench unet -m x --warmup -1",
        "bench edit -m x --save out.safetensors",
        "tune -m x --seconds 0",
        "tune -m x --exact",
        "tune -m x --tuned off",
        "edit x.json --size many",
        "edit x.json --preview taesd",
        "drag cat.png --from 1,2,3,4 --to 1,2,3,4 -o out.png --preview-interval 0",
        "doctor --seconds none",
        "preview",
        "preview x.json -o p.jpg",
        "preview x.json --detail dots",
        "info",
        "sweep x.json --seeds many",
        "batch",
        "batch x.json",
        "batch x.json -o out --cache=-1",
        "generate -p x --mask m.png",
        "generate -p x --strength 0",
        "generate -p x --strength NaN",
        "generate",
        "generate -p x -W 12",
        "generate -p x -H 8192",
        "generate -p x --steps 0",
        "generate -p x --cfg-scale NaN",
        "generate -p x --sampler euler",
        "generate -p x --seed -1",
        "model",
        "model random out",
        "model random --like sd3 out"
      })
  void usageErrorsReturnTwo(String line) {
    String message = fails(2, line.split(" "));
    assertTrue(message.matches(".*; see drag4j.* --help"), message);
  }

  @Test
  void aCommandIsMadeAloneUnderTheNameItIsListedBy() {
    var host = new Host(Map.of(), false, () -> false);
    assertEquals(Drag4j.COMMANDS, List.copyOf(Drag4j.commandLine(host).getSubcommands().keySet()));
    for (var name : Drag4j.COMMANDS) {
      var alone = Drag4j.commandLine(host, name, "--help").getSubcommands();
      // Help speaks of the others.
      assertEquals(
          name.equals("help") ? Set.copyOf(Drag4j.COMMANDS) : Set.of(name), alone.keySet());
      var type = Objects.requireNonNull(alone.get(name)).getCommandSpec().userObject().getClass();
      assertEquals(name, type.getAnnotation(Command.class).name());
    }
  }

  @Test
  void everyVerbCanAnswerInJson() {
    var all = new ArrayDeque<CommandLine>();
    all.add(Drag4j.commandLine(new Host(Map.of(), false, () -> false)));
    var without = new TreeSet<String>();
    while (!all.isEmpty()) {
      var command = all.pop();
      all.addAll(command.getSubcommands().values());
      if (command.getSubcommands().isEmpty()
          && command.getCommandSpec().findOption("--json") == null) {
        without.add(command.getCommandName());
      }
    }
    assertEquals(Set.of("help"), without);
  }

  @Test
  void helpAndVersionSucceed() {
    for (var line :
        List.of("--help", "help edit", "edit --help", "bench --help", "drag --help", "--version")) {
      var outcome = run(line.split(" "));
      assertEquals(0, outcome.code());
      assertEquals("", outcome.err());
      assertFalse(outcome.out().isBlank());
    }
    var none = run();
    assertEquals(2, none.code());
    assertTrue(none.err().startsWith("Usage: drag4j"));
  }

  /** As the program starts: only the command that is asked for is made. */
  private static Outcome started(String... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    var host = new Host(Map.of(), false, () -> false);
    var commands = Drag4j.commandLine(host, args);
    commands.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    return new Outcome(Drag4j.run(commands, host, args), out.toString(), err.toString());
  }

  @ParameterizedTest
  @CsvSource({
    "help, Usage: drag4j [",
    "help edit, Usage: drag4j edit ",
    "help model, Usage: drag4j model ",
    "help model info, Usage: drag4j model info ",
    "help model random, Usage: drag4j model random ",
    "help help, Usage: drag4j help "
  })
  void helpSpeaksOfEveryCommand(String line, String begin) {
    var outcome = started(line.split(" "));
    assertEquals(0, outcome.code(), outcome.err());
    assertEquals("", outcome.err());
    assertTrue(outcome.out().startsWith(begin), outcome.out());
  }

  @ParameterizedTest
  @CsvSource({
    "help edti, 'edti: expected a command of drag4j, got an unknown one; did you mean edit?; see"
        + " drag4j --help'",
    "help model inof, 'inof: expected a command of drag4j model, got an unknown one; did you mean"
        + " info?; see drag4j model --help'",
    "help edit info, 'info: expected no further argument of drag4j edit, got one; see drag4j edit"
        + " --help'"
  })
  void helpForWhatIsNotThereSaysWhatIs(String line, String message) {
    assertEquals(message, fails(2, line.split(" ")));
  }

  /** A disk that is full, a pipe whose reader is gone: a writer that takes nothing, or a part. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 5000})
  void aResultThatStdoutDoesNotTakeIsAFailure(int room) {
    var left = new int[] {room};
    var err = new StringWriter();
    for (var line : List.of("devices --json", "edit --schema", "help edit", "--version")) {
      left[0] = room;
      var host = new Host(Map.of(), false, () -> false);
      var commands = Drag4j.commandLine(host);
      var full =
          new OutputStream() {
            @Override
            public void write(int b) throws IOException {
              if (left[0]-- <= 0) {
                throw new IOException("No space left on device");
              }
            }
          };
      commands.setOut(new PrintWriter(full, false, StandardCharsets.UTF_8));
      commands.setErr(new PrintWriter(err));
      int code = Drag4j.run(commands, host, line.split(" "));
      assertEquals(left[0] < 0 ? 1 : 0, code, line);
    }
    assertTrue(left[0] >= 0 || err.toString().contains("drag4j: stdout: expected to write"));
  }

  /** What the JVM makes of bytes that mean nothing in its encoding must not pass for a prompt. */
  @Test
  void argumentsThatWereLostAreRefused() throws Exception {
    String document = document("cat.png", DRAGS, "");
    assertTrue(fails(2, "info", "caf\uFFFD.png").startsWith("'caf\uFFFD.png': expected "));
    assertTrue(fails(2, "generate", "-p", "a caf\uFFFD").contains("got other bytes; set LC_ALL"));
    assertTrue(fails(2, "edit", document, "--set=prompt=\uFFFD\uFFFD").contains("got other bytes"));
    // A file may be called so all the same.
    var odd = Files.copy(folder.resolve("cat.png"), folder.resolve("caf\uFFFD.png"));
    assertEquals(0, run("info", odd.toString()).code());
  }

  @Test
  void anErrorLeavesOutTheBulkOfADataUrl() throws Exception {
    String bulk = "iVBORw0KGgoAAAANSUhEUgAA/+".repeat(200);
    String url = "data:image/jpeg;base64," + bulk;
    for (var message :
        List.of(
            failsToEdit(1, document(url, DRAGS, "")),
            failsToEdit(1, document("cat.png", DRAGS, ", \"mask\": {\"png\": \"" + url + "\"}")),
            failsToEdit(1, document(bulk, DRAGS, "")),
            fails(1, "edit", document("cat.png", DRAGS, ""), "--set", "mask.png=" + url))) {
      assertTrue(message.length() < 600, message);
      assertTrue(message.contains("characters)"), message);
    }
  }

  @Test
  void badDocumentsReturnOne() throws Exception {
    assertTrue(failsToEdit(1, "none.json").contains("got no such file"));
    assertTrue(failsToEdit(1, document("cat.png", "[NaN]", "")).contains("column"));
    assertTrue(
        failsToEdit(1, document("cat.png", DRAGS.replace("[8,8],", "[NaN,8],"), ""))
            .contains("expected finite numbers"));
    assertTrue(
        failsToEdit(1, document("cat.png", DRAGS, ", \"sede\": 1"))
            .contains(
                "sede: expected one of format, image, prompt, mask, drags, working,"
                    + " method, model, seed, got an unknown field; did you mean seed?"));
    assertTrue(
        failsToEdit(1, document("cat.png", DRAGS.replace("[40,8],[40,40],", ""), ""))
            .contains("drags[0].handle.polygon: expected at least 3 points, got 2"));
    assertTrue(
        failsToEdit(1, document("cat.png", "[".repeat(100_000), ""))
            .contains("drags[0]: expected an object {...}, got a list"));
    assertTrue(
        failsToEdit(
                1, document("cat.png", DRAGS.replace("[8,", "[800,").replace("[40,", "[840,"), ""))
            .contains("drags[0].handle: expected a region that overlaps the picture of 64x48"));
  }

  @Test
  void badPicturesReturnOne() throws Exception {
    assertTrue(failsToEdit(1, document("dog.png", DRAGS, "")).contains("got no such file"));
    var damaged = folder.resolve("damaged.png");
    Files.writeString(damaged, "text");
    assertTrue(
        failsToEdit(1, document("damaged.png", DRAGS, ""))
            .contains("damaged.png: expected a PNG, JPEG, WebP or BMP picture"));
    byte[] png = Files.readAllBytes(folder.resolve("cat.png"));
    Files.write(damaged, Arrays.copyOf(png, png.length - 30));
    assertTrue(failsToEdit(1, document("damaged.png", DRAGS, "")).contains("the PNG is damaged"));
    assertTrue(
        failsToEdit(1, document("cat.png", DRAGS, ", \"mask\": {\"png\": \"damaged.png\"}"))
            .contains("the PNG is damaged"));
    assertTrue(failsToEdit(1, document("../cat.png", DRAGS, "")).contains("file name without .."));
  }

  @Test
  void previewAndInfoSpeakOfFilesAsEditDoes() throws Exception {
    String out = folder.resolve("p.png").toString();
    assertTrue(fails(1, "preview", "none.json", "-o", out).contains("got no such file"));
    assertTrue(fails(1, "info", folder.resolve("x.png").toString()).contains("got no such file"));
    String document = document("cat.png", DRAGS, "");
    assertTrue(
        fails(1, "preview", document, "-o", out, "--size", "4")
            .startsWith("--size: working.size: expected a whole number from 8 to 4096, got 4"));
    assertTrue(
        fails(1, "edit", document, "-o", out, "--set", "method.stpes=3")
            .endsWith("got an unknown field; did you mean steps?"));
    assertTrue(
        fails(1, "edit", document, "-o", out, "-i", folder.resolve("dog.png").toString())
            .contains("dog.png: expected a picture, got no such file"));
    assertTrue(
        fails(2, "preview", document, "-o", folder.resolve("cat.png").toString())
            .contains("expected another file than what is read"));
    Files.writeString(folder.resolve("text.png"), "text");
    assertTrue(
        fails(1, "edit", folder.resolve("text.png").toString(), "-o", out).contains("text.png: "));
  }

  @Test
  void aPreviewDrawsRegions() throws Exception {
    var out = folder.resolve("p.png");
    String document = document("cat.png", DRAGS, "");
    assertEquals(0, run("preview", document, "-o", out.toString(), "--regions").code());
    var drawn = PictureFiles.read(out);
    assertTrue(drawn.level(8, 20, 0) > 200 && drawn.level(8, 20, 2) < 50, "the handle is red");
    assertTrue(drawn.level(48, 20, 2) > 200 && drawn.level(48, 20, 0) < 50, "the target is blue");
    assertEquals(0, drawn.level(30, 20, 0));
    assertEquals(0, drawn.level(30, 20, 2));
  }

  @Test
  void whatIsOddAboutAPictureIsOneWarning() throws Exception {
    var picture = folder.resolve("cat.png");
    byte[] png = Files.readAllBytes(picture);
    Files.write(picture, Arrays.copyOf(png, png.length - 12));
    String warning = picture + ": the end of the file is missing or damaged; all pixels are there";
    String out = folder.resolve("p.png").toString();
    String document = document("cat.png", DRAGS, "");
    var preview = run("preview", document, "-o", out, "--json");
    assertEquals(0, preview.code());
    assertEquals("warning: " + warning + "\n", preview.err());
    assertTrue(preview.out().contains("\"warnings\":[\"" + warning + "\"]"), preview.out());
    var info = run("info", picture.toString(), "--json");
    assertEquals("warning: " + warning + "\n", info.err());
    assertTrue(info.out().contains("\"warnings\":[\"" + warning + "\"]"), info.out());
    // Masks likewise, however often they are read.
    Files.write(picture, png);
    byte[] white = new byte[64 * 48 * 3];
    Arrays.fill(white, (byte) -1);
    var mask = folder.resolve("mask.png");
    PictureFiles.writePng(Picture.of(64, 48, white), mask);
    png = Files.readAllBytes(mask);
    Files.write(mask, Arrays.copyOf(png, png.length - 12));
    var masked = document("cat.png", DRAGS, ", \"mask\": {\"png\": \"mask.png\"}");
    var twice = run("preview", masked, "-o", out, "--size", "64");
    assertEquals(0, twice.code(), twice.err());
    var warned = twice.err().lines().filter(line -> line.startsWith("warning: ")).toList();
    assertEquals(List.of("warning: " + warning.replace("cat.png", "mask.png")), warned);
  }

  @Test
  void aDocumentFromAPipeFindsItsPictureInTheCurrentFolder() throws Exception {
    var here = Files.createTempDirectory(Path.of("target"), "pipe");
    Files.copy(folder.resolve("cat.png"), here.resolve("cat.png"));
    var text = Files.readString(Path.of(document(here + "/cat.png", DRAGS, "")));
    var pipe = folder.resolve("pipe");
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    var writer = Thread.startVirtualThread(() -> write(pipe, text));
    var preview = run("preview", pipe.toString(), "-o", folder.resolve("p.png").toString());
    writer.join();
    assertEquals(0, preview.code(), preview.err());
    Files.delete(here.resolve("cat.png"));
    Files.delete(here);
    for (var name : List.of("/dev/stdin", "/dev/fd/0", "/proc/self/fd/63")) {
      assertEquals(Path.of("").toAbsolutePath(), Edit.folder(Path.of(name)));
    }
    assertEquals(Path.of("/dev/shm"), Edit.folder(Path.of("/dev/shm/a.json")));
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void missingModelsReturnThree() throws Exception {
    String document = document("cat.png", DRAGS, "");
    assertTrue(failsToEdit(3, document).startsWith("model: expected a folder"));
    Files.createDirectory(folder.resolve("empty"));
    String empty = folder.resolve("empty").toString();
    String out = folder.resolve("out.png").toString();
    assertTrue(
        fails(3, "model", "info", folder.resolve("none").toString()).contains("got nothing"));
    assertTrue(fails(3, "model", "info", empty).contains("got an empty folder"));
    assertTrue(
        fails(3, "edit", document, "-o", out, "--progress", "none", "-m", empty)
            .contains("got an empty folder"));
    // The environment and the document name models too, the flag wins.
    var environment = run(Map.of("DRAG4J_MODEL", empty), "edit", document, "-o", out);
    assertEquals(3, environment.code());
    assertTrue(environment.err().contains(empty));
    String named = document("cat.png", DRAGS, ", \"model\": {\"path\": \"elsewhere\"}");
    assertTrue(
        failsToEdit(3, named).contains("elsewhere: expected the model that the document names"));
    assertTrue(fails(3, "edit", named, "-o", out, "-m", empty).contains("got an empty folder"));
  }

  @Test
  void outputsAreCheckedFirst() throws Exception {
    String document = document("cat.png", DRAGS, "");
    assertTrue(
        fails(1, "edit", document, "-o", folder.resolve("none/out.png").toString())
            .contains("expected an existing folder"));
    assertTrue(
        fails(2, "edit", document, "-o", folder.resolve("cat.png").toString())
            .contains("expected another file than what is read"));
    assertEquals(64, PictureFiles.read(folder.resolve("cat.png")).width());
  }

  @Test
  void dragSavesItsDocumentFirst() {
    var saved = folder.resolve("saved.json");
    var outcome =
        run(
            "drag",
            folder.resolve("cat.png").toString(),
            "--from",
            "8,8,24,24",
            "--to",
            "16,8.5,24,24",
            "-p",
            "a cat",
            "--seed",
            "7",
            "--steps",
            "30",
            "--save",
            saved.toString(),
            "-o",
            folder.resolve("out.png").toString());
    assertEquals(3, outcome.code());
    var edit = Edit.read(saved);
    edit =
        edit.with(
            Documents.set(edit.document(), "test", List.of("method.steps=12"), MaskSource.NONE));
    assertEquals("cat.png", edit.document().image().file());
    assertEquals("a cat", edit.document().prompt());
    assertEquals(7, edit.document().seed());
    assertEquals(Optional.of(12), Settings.value(edit.document().method().parameters(), "steps"));
    assertEquals(
        new Rectangle(16, 8.5, 24, 24).area(),
        edit.document().drags().getFirst().target().orElseThrow());
  }

  private void drag(String picture, String options, Path saved) {
    var line = "drag " + folder.resolve(picture) + " " + options + " --overwrite --save " + saved;
    assertEquals(0, run(line.split(" ", -1)).code());
  }

  /** One value holds for all, as many as there are regions for one each. */
  @Test
  void dragTurnsAndScales() {
    var saved = folder.resolve("moves.json");
    String turns =
        "--from 8,8,24,24 --from 32,8,24,24 --by -4,2 --rotate -15 --rotate 30.5 --about 30,20";
    drag("cat.png", turns, saved);
    assertEquals(
        List.of(
            Drag.moved(
                new Rectangle(8, 8, 24, 24).area(),
                new Move(new Point(-4, 2), -15, 1, Optional.of(new Point(30, 20)))),
            Drag.moved(
                new Rectangle(32, 8, 24, 24).area(),
                new Move(new Point(-4, 2), 30.5, 1, Optional.of(new Point(30, 20))))),
        Edit.read(saved).document().drags());
    assertEquals("CP_THEN_ENCODE", variant(saved));
    drag("cat.png", turns + " --set method.variant=encode-then-cp", saved);
    assertEquals("ENCODE_THEN_CP", variant(saved));
    drag("cat.png", "--from 8,8,24,24 --by 8,0", saved);
    assertEquals("ENCODE_THEN_CP", variant(saved));
  }

  /** Cells that are turned look torn, and are not what the edit copies. */
  @Test
  void aPreviewOfATurnShowsPixels() throws Exception {
    byte[] rgb = new byte[64 * 48 * 3];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) Math.floorDiv(i, 3);
    }
    PictureFiles.writePng(Picture.of(64, 48, rgb), folder.resolve("columns.png"));
    var saved = folder.resolve("turn.json");
    drag("columns.png", "--from 8,8,24,24 --rotate 30", saved);
    var shown = preview(saved);
    assertEquals(preview(saved, "--detail", "pixels"), shown);
    assertNotEquals(preview(saved, "--detail", "cells"), shown);
  }

  private Picture preview(Path document, String... options) throws Exception {
    String out = folder.resolve("turned.png").toString();
    var args = new ArrayList<>(List.of("preview", document.toString(), "-o", out, "--overwrite"));
    args.addAll(List.of(options));
    assertEquals(0, run(args.toArray(String[]::new)).code());
    return PictureFiles.read(Path.of(out));
  }

  private static String variant(Path document) {
    var method = Edit.read(document).document().method();
    return String.valueOf(Settings.value(method.parameters(), "variant").orElseThrow());
  }

  @Test
  void dragWithoutAModelWritesTheDocumentAlone() {
    var saved = folder.resolve("alone.json");
    String picture = folder.resolve("cat.png").toString();
    var outcome =
        run(
            "drag",
            picture,
            "--from",
            "8,8,24,24",
            "--to",
            "16,8,24,24",
            "--save",
            saved.toString());
    assertEquals(0, outcome.code());
    assertEquals(saved.toString(), outcome.out().strip());
    assertEquals(
        "drag4j: the document alone was written; name a --model to edit as well",
        outcome.err().strip());
    assertEquals("cat.png", Edit.read(saved).document().image().file());
    assertTrue(
        fails(3, "drag", picture, "--from", "8,8,24,24", "--to", "16,8,24,24")
            .startsWith("model: expected a folder"));
  }

  private String written(String name, String json) throws IOException {
    var file = folder.resolve(name);
    Files.writeString(file, json);
    return file.toString();
  }

  /** A model of which there is nothing but what its sizes are. */
  private Path sizes(String name, int side) throws IOException {
    var model = folder.resolve(name);
    Files.createDirectories(model.resolve("unet"));
    Files.createDirectories(model.resolve("vae"));
    var demo = AppHome.find().demoModel();
    for (var part : List.of("unet", "vae")) {
      var config = Files.readString(demo.resolve(part).resolve("config.json"));
      var own = config.replaceAll("\"sample_size\": *\\d+", "\"sample_size\": " + side / 8);
      Files.writeString(model.resolve(part).resolve("config.json"), own);
    }
    return model;
  }

  @Test
  void aPreviewSaysWhichSizeItTook() throws Exception {
    String out = folder.resolve("p.png").toString();
    String plain = document("cat.png", DRAGS, "");
    var assumed = run("preview", plain, "-o", out);
    assertTrue(
        assumed
            .err()
            .endsWith(
                "\nthe model is taken to see 512 pixels, as Stable Diffusion 1.5 does: none is"
                    + " named; name it with --model\n"),
        assumed.err());
    sizes("small", 32);
    sizes("large", 48);
    var flag = run("preview", plain, "-o", out, "-m", folder.resolve("small").toString());
    assertTrue(flag.err().startsWith("works on 62x48 at (0, 0) as 32x24,"), flag.err());
    assertFalse(flag.err().contains("is taken to see"));
    var named =
        written(
            "named.json",
            Files.readString(Path.of(plain))
                .replaceFirst("\\{", "{\"model\": {\"path\": \"large\"}, "));
    var json = run("preview", named, "-o", out, "--overwrite", "--json").out();
    assertTrue(json.contains("\"modelSize\":48,"), json);
    assertTrue(json.contains("\"workingWidth\":48,"), json);
    var gone = written("gone.json", Files.readString(Path.of(named)).replace("large", "gone"));
    var other = run("preview", gone, "-o", out, "--overwrite");
    assertTrue(other.err().contains("as Stable Diffusion 1.5 does: "), other.err());
    assertTrue(other.err().contains("gone: expected a model folder, got nothing of that name"));
    // With a size of its own nothing is assumed.
    var sized = run("preview", gone, "-o", out, "--size", "24");
    assertFalse(sized.err().contains("is taken to see"), sized.err());
    Files.delete(Path.of(out));
    assertTrue(
        fails(3, "preview", plain, "-o", out, "-m", folder.resolve("gone").toString())
            .contains("gone: expected a model folder"));
  }

  @Test
  void aMaskOfADragIsAFile() throws Exception {
    byte[] white = new byte[64 * 48 * 3];
    Arrays.fill(white, 0, 64 * 8 * 3, (byte) -1);
    PictureFiles.writePng(Picture.of(64, 48, white), folder.resolve("m.png"));
    String saved = folder.resolve("d.json").toString();
    String[] drag = {
      "drag", folder.resolve("cat.png").toString(), "--from", "8,16,16,16", "--to", "32,16,16,16"
    };
    var mask = folder.resolve("m.png").toString();
    var outcome = run(with(drag, "--save", saved, "--mask", mask));
    assertEquals(0, outcome.code(), outcome.err());
    // The mask is above handle and target.
    assertTrue(
        outcome
            .err()
            .startsWith(
                "warning: mask: leaves out the target of drags[0], so nothing arrives there; draw"
                    + " it over handles and targets\n"),
        outcome.err());
    var named = Edit.read(folder.resolve("d.json")).document().mask();
    assertEquals("m.png", ((Area.Painted) named.orElseThrow()).png());
    Files.createDirectory(folder.resolve("below"));
    // A document elsewhere brings it along.
    var below = folder.resolve("below").resolve("d.json");
    assertEquals(0, run(with(drag, "--save", below.toString(), "--mask", mask)).code());
    var inline = Edit.read(below).document().mask();
    assertTrue(((Area.Painted) inline.orElseThrow()).png().startsWith(Area.Painted.INLINE));
    var set = folder.resolve("s.json");
    assertEquals(0, run(with(drag, "--save", set.toString(), "--set", "mask.png=m.png")).code());
    assertEquals(named, Edit.read(set).document().mask());
    assertTrue(
        fails(1, with(drag, "--mask", folder.resolve("none.png").toString()))
            .contains("none.png: expected a picture, got no such file"));
    assertTrue(
        fails(2, with(drag, "--mask", mask, "-o", mask))
            .contains("another file than what is read"));
  }

  private static String[] with(String[] line, String... more) {
    return Stream.concat(Arrays.stream(line), Arrays.stream(more)).toArray(String[]::new);
  }

  @Test
  void unknownSamplesAreListed(@TempDir Path home) throws Exception {
    Files.createDirectory(home.resolve("samples"));
    Files.writeString(home.resolve("samples/eyes.json"), "{}");
    Files.writeString(home.resolve("samples/README.md"), "");
    System.setProperty(AppHome.PROPERTY, home.toString());
    try {
      assertEquals(
          "demo: expected one of eyes, got 'nose'; see drag4j demo --help",
          fails(2, "demo", "nose"));
      assertTrue(fails(1, "demo").contains("format: expected \"drag-edit/2\""));
    } finally {
      System.clearProperty(AppHome.PROPERTY);
    }
  }

  @Test
  void devicesAreListed() {
    assertEquals(0, run("devices").code());
    assertTrue(run("devices", "--json").out().startsWith("["));
  }

  @ParameterizedTest
  @CsvSource({"1", "2", "3", "4", "5", "6"})
  void failuresHaveTheirCodes(int which) {
    var failure =
        switch (which) {
          case 1 -> new WeightMismatchException("unet: expected a, got b; c");
          case 2 -> new DeviceException("cuda: expected a,\n got b; c");
          case 3 -> new DeviceMemoryException("cuda: expected a, got b; c");
          case 4 -> new OutOfMemoryError("Java heap space");
          case 5 -> new CancelledException();
          default -> new IllegalStateException("bug");
        };
    int[] codes = {0, 3, 4, 5, 5, 130, 1};
    String[] messages = {
      "",
      "unet: expected a, got b; c",
      "cuda: expected a, got b; c",
      "cuda: expected a, got b; c",
      "memory: expected enough for this picture and model, got no more (Java heap space); use a"
          + " smaller picture, or a larger heap with DRAG4J_JAVA_OPTS=-Xmx8g",
      "stopped; only what was finished before has been written",
      "internal error: IllegalStateException: bug; set DRAG4J_DEBUG=1 to see where"
    };
    assertEquals(codes[which], ExitCode.of(failure));
    assertEquals(messages[which], ExitCode.message(failure));
  }

  @Test
  void debugPrintsTheStackTrace() {
    var outcome = run(Map.of("DRAG4J_DEBUG", "1"), "edit", "none.json");
    assertEquals(1, outcome.code());
    assertTrue(outcome.err().contains("\tat org.drag4j."), outcome.err());
  }
}
