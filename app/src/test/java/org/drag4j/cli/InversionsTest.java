package org.drag4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.drag4j.cli.console.Host;
import org.drag4j.device.Step;
import org.drag4j.document.MaskFiles;
import org.drag4j.engine.Edit;
import org.drag4j.engine.Setup;
import org.drag4j.method.Documents;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureFiles;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.session.Editor;
import org.drag4j.session.Glimpse;
import org.drag4j.session.KeptOnDisk;
import org.drag4j.trace.Trace;
import org.drag4j.weights.ModelFolder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Inversions on disk save the work, and change nothing else. */
class InversionsTest {
  private static final Path HOME = Path.of("..").toAbsolutePath().normalize();
  private static final Path MODEL = HOME.resolve("models/demo");
  private static final String UNET = "unet/diffusion_pytorch_model.safetensors";

  @TempDir Path folder = Path.of("");

  /** Calls of the UNet, what was warned of, and the result. */
  private record Outcome(int calls, List<String> warnings, Picture picture) {}

  /** An edit as a process of its own would do it: with a device and a pipeline of its own. */
  private static Outcome edit(Path document, Path model, Path store, String how, String... set)
      throws IOException {
    var masks = MaskFiles.in(Edit.folder(document), _ -> {});
    var edit =
        Edit.of(
            Edit.folder(document),
            Documents.set(Edit.document(document), "test", List.of(set), masks));
    var setup = Setup.of("cpu");
    int[] calls = {0};
    var warnings = new ArrayList<String>();
    var progress =
        new Progress() {
          @Override
          public void phase(String name, int steps) {}

          @Override
          public void step(int done, int total) {}

          @Override
          public void warn(String message) {
            warnings.add(message);
          }

          @Override
          public boolean cancelled() {
            return false;
          }
        };
    try (var backend = setup.open();
        var pipeline = Pipeline.open(ModelFolder.open(model), backend, setup.planOptions());
        var editor = Editor.on(pipeline)) {
      if (!how.isEmpty()) {
        editor.keep(KeptOnDisk.open(store, 1L << 30, how));
      }
      pipeline.trace(
          new Trace() {
            @Override
            public void begin(Step step) {
              if (step.node().path().equals("conv_in")) {
                calls[0]++;
              }
            }
          });
      var result = editor.edit(edit.checked(), progress, Glimpse.NONE);
      return new Outcome(calls[0], warnings, result.picture());
    }
  }

  /** The same in a process of its own: writes the result and prints the number of calls. */
  static final class Worker {
    private Worker() {}

    public static void main(String[] args) throws IOException {
      var more = Arrays.copyOfRange(args, 3, args.length);
      var outcome = edit(Path.of(args[0]), MODEL, Path.of(args[1]), "test", more);
      PictureFiles.writePng(outcome.picture(), Path.of(args[2]));
      System.out.println(outcome.calls() + " calls, warnings " + outcome.warnings());
    }
  }

  @BeforeEach
  void prepare() throws IOException {
    var pig = PictureFiles.read(HOME.resolve("samples/pig.png")).resized(64, 64);
    PictureFiles.writePng(pig, folder.resolve("pig.png"));
    write("pig.json", "pig.png", "a pig", 32);
    write("moved.json", "pig.png", "a pig", 34);
  }

  private void write(String name, String picture, String prompt, int x) throws IOException {
    Files.writeString(
        folder.resolve(name),
        """
        { "format": "drag-edit/1", "image": { "file": "%s" }, "prompt": "%s",
          "drags": [ { "handle": { "rectangle": [16, 24, 24, 16] },
                       "target": { "rectangle": [%d, 32, 24, 16] } } ],
          "method": { "steps": 4 } }
        """
            .formatted(picture, prompt, x));
  }

  private Path path(String name) {
    return folder.resolve(name);
  }

  private Outcome edit(String document, String how, String... set) throws IOException {
    return edit(path(document), MODEL, path("store"), how, set);
  }

  private List<Path> stored() throws IOException {
    try (var files = Files.list(path("store"))) {
      return files.filter(f -> f.toString().endsWith(".kept")).sorted().toList();
    }
  }

  @Test
  void aLaterPipelineNeedsNoInversion() throws Exception {
    for (var variant : List.of("encode-then-cp", "cp-then-encode")) {
      var set = new String[] {"method.variant=" + variant, "method.steps=20"};
      int all = variant.startsWith("encode") ? 20 : 30;
      var plain = edit("pig.json", "", set);
      var plainMoved = edit("moved.json", "", set);
      assertNotEquals(plain.picture(), plainMoved.picture());
      assertEquals(new Outcome(all, List.of(), plain.picture()), edit("pig.json", "test", set));
      assertEquals(
          new Outcome(all - 10, List.of(), plain.picture()), edit("pig.json", "test", set));
      assertEquals(
          new Outcome(all - 10, List.of(), plainMoved.picture()), edit("moved.json", "test", set));

      var out = path("process.png");
      var command =
          new ArrayList<>(
              List.of(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "--add-modules",
                  "jdk.incubator.vector",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Worker.class.getName(),
                  path("moved.json").toString(),
                  path("store").toString(),
                  out.toString()));
      command.addAll(List.of(set));
      var process =
          new ProcessBuilder(command)
              .redirectError(ProcessBuilder.Redirect.to(path("log.txt").toFile()))
              .start();
      try (var said = process.inputReader()) {
        assertEquals(all - 10 + " calls, warnings []", said.readLine());
      }
      assertEquals(0, process.waitFor());
      assertEquals(plainMoved.picture(), PictureFiles.read(out));
    }
  }

  @Test
  void aDamagedFileIsMadeAnew() throws IOException {
    var plain = edit("pig.json", "test");
    var file = stored().getFirst();
    byte[] good = Files.readAllBytes(file);
    for (int at : new int[] {60, good.length / 2}) {
      var bad = good.clone();
      bad[at] ^= 16;
      Files.write(file, bad);
      var again = edit("pig.json", "test");
      assertEquals(4, again.calls());
      assertEquals(1, again.warnings().size());
      assertEquals(plain.picture(), again.picture());
      assertEquals(new Outcome(2, List.of(), plain.picture()), edit("pig.json", "test"));
    }
  }

  /** A copy of the model in which one weight is another. */
  private Path tuned() throws IOException {
    var model = path("model");
    try (var files = Files.walk(MODEL)) {
      for (var file : files.toList()) {
        Files.copy(
            file,
            model.resolve(MODEL.relativize(file).toString()),
            StandardCopyOption.REPLACE_EXISTING);
      }
    }
    byte[] weights = Files.readAllBytes(model.resolve(UNET));
    weights[weights.length / 2] ^= 1;
    Files.write(model.resolve(UNET), weights);
    return model;
  }

  @Test
  void whatIsAnyDifferentIsAnotherInversion() throws IOException {
    var photo = PictureFiles.read(HOME.resolve("samples/pig.png")).resized(64, 72);
    PictureFiles.writePng(photo.cropped(0, 4, 64, 64), path("other.png"));
    write("other.json", "other.png", "a pig", 32);
    write("prompt.json", "pig.png", "a cat", 32);
    assertEquals(4, edit("pig.json", "test").calls());
    var tuned = tuned();
    assertEquals(4, edit("other.json", "test").calls(), "picture");
    assertEquals(4, edit("prompt.json", "test").calls(), "prompt");
    assertEquals(4, edit(path("pig.json"), tuned, path("store"), "test").calls(), "weights");
    assertEquals(4, edit("pig.json", "other device or program").calls(), "how");
    int count = 5;
    for (var setting :
        List.of(
            "seed=1",
            "method.start=0.55",
            "method.layers=decoder",
            "method.steps=6",
            "method.variant=cp-then-encode")) {
      int plain = edit("pig.json", "", setting).calls();
      assertEquals(plain, edit("pig.json", "test", setting).calls(), setting);
      count++;
      assertEquals(count, stored().size(), setting);
    }
    edit("pig.json", "test", "method.batched=true");
    assertEquals(count + 1, stored().size(), "batched");
    for (var setting : List.of("method.handleNoise=0.5", "method.fill=neighbours")) {
      assertEquals(2, edit("pig.json", "test", setting).calls(), setting);
    }
    // The same model elsewhere is the same.
    weightsOf(tuned);
    assertEquals(2, edit(path("pig.json"), tuned, path("store"), "test").calls());
    assertEquals(count + 1, stored().size());
  }

  private static void weightsOf(Path model) throws IOException {
    Files.copy(MODEL.resolve(UNET), model.resolve(UNET), StandardCopyOption.REPLACE_EXISTING);
  }

  private String run(int code, String... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    var host = new Host(Map.of(), false, () -> false);
    var commands = Drag4j.commandLine(host);
    commands.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    assertEquals(code, Drag4j.run(commands, host, args), err.toString());
    return err.toString();
  }

  /** Runs a command with the demo model and the store. */
  private String runs(String verb, String... args) {
    var all = new ArrayList<>(List.of(verb));
    all.addAll(List.of(args));
    all.addAll(List.of("-m", MODEL.toString(), "--inversions", path("store").toString()));
    return run(0, all.toArray(String[]::new));
  }

  /** Kernels that were run, of the table of a trace. */
  private static int kernels(String err) {
    var sum = err.lines().filter(line -> line.startsWith("| all ")).findFirst().orElseThrow();
    return Integer.parseInt(sum.split("\\|", -1)[2].strip());
  }

  @Test
  void everyCommandThatEditsSharesThem() throws IOException {
    var plain = edit("pig.json", "");
    var document = path("pig.json").toString();
    int first = kernels(runs("edit", document, "-o", path("a.png").toString(), "--trace"));
    int second = kernels(runs("edit", document, "-o", path("b.png").toString(), "--trace"));
    assertTrue(second < first * 0.75, first + " kernels, then " + second);
    assertEquals(plain.picture(), PictureFiles.read(path("a.png")));
    assertEquals(plain.picture(), PictureFiles.read(path("b.png")));
    assertEquals(1, stored().size());
    var out = path("out");
    runs("batch", document, path("moved.json").toString(), "-o", out.toString());
    runs("sweep", document, "--over", "method.handleNoise=1,0.5", "-o", out.toString());
    assertEquals(1, stored().size());
    assertEquals(plain.picture(), PictureFiles.read(out.resolve("pig.png")));
    // The batch's folder is not the sweep's own.
    assertEquals(plain.picture(), PictureFiles.read(out.resolve("pig-sweep").resolve("01.png")));
    runs(
        "drag",
        path("pig.png").toString(),
        "--from",
        "16,24,24,16",
        "--to",
        "32,32,24,16",
        "-p",
        "a pig",
        "--set",
        "method.steps=4",
        // As in drag-edit/1: details would keep the decoded original as well.
        "--set",
        "method.start=0.5",
        "--set",
        "method.fill=none",
        "--set",
        "method.pairing=as-released",
        "--set",
        "working.seams=plain",
        "--set",
        "working.detail=0",
        "-o",
        path("c.png").toString());
    assertEquals(1, stored().size());
    assertEquals(plain.picture(), PictureFiles.read(path("c.png")));
    runs("edit", document, "--seeds", "2", "-o", path("d.png").toString());
    assertEquals(2, stored().size());
    // The largest it may become: none of them fits.
    runs("edit", document, "-o", path("e.png").toString(), "--inversions-max", "1");
    assertEquals(plain.picture(), PictureFiles.read(path("e.png")));
    assertTrue(
        stored().stream().allMatch(file -> file.toFile().length() <= 1 << 20), "at most 1 MB");
  }

  @Test
  void whatCannotBeAStoreIsToldBeforeAnyWork() {
    var document = path("pig.json").toString();
    var out = path("a.png").toString();
    assertTrue(
        run(2, "edit", document, "-o", out, "-m", MODEL.toString(), "--inversions-max", "0")
            .contains("--inversions-max: expected 1 to 16777216, got 0"));
    var file = path("pig.png").toString();
    assertTrue(
        run(1, "edit", document, "-o", out, "-m", MODEL.toString(), "--inversions", file)
            .contains("pig.png: expected to read or write it, got FileAlreadyExistsException"));
  }
}
