package org.drag4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.drag4j.cli.command.ResultLog;
import org.drag4j.cli.console.Host;
import org.drag4j.device.Step;
import org.drag4j.document.MaskFiles;
import org.drag4j.engine.Edit;
import org.drag4j.engine.Setup;
import org.drag4j.method.Documents;
import org.drag4j.picture.Density;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureFiles;
import org.drag4j.picture.PictureMetadata;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.session.Editor;
import org.drag4j.session.Glimpse;
import org.drag4j.trace.Trace;
import org.drag4j.weights.ModelFolder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Whole commands with the demo model, small and of few steps. */
class EndToEndTest {
  private static final Path HOME = Path.of("..").toAbsolutePath().normalize();
  private static final int KILLS = 5;
  private static final String MODEL = HOME.resolve("models/demo").toString();

  @TempDir Path folder = Path.of("");

  private record Outcome(int code, String out, String err) {}

  private static Outcome run(String... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    var host = new Host(Map.of(), false, () -> false);
    var commands = Drag4j.commandLine(host);
    commands.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int code = Drag4j.run(commands, host, args);
    return new Outcome(code, out.toString(), err.toString());
  }

  private static Outcome succeeds(String... args) {
    var outcome = run(args);
    assertEquals(0, outcome.code(), outcome.err());
    return outcome;
  }

  private static JsonNode json(String... args) {
    return new JsonMapper().readTree(succeeds(args).out());
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  @BeforeEach
  void prepare() throws IOException {
    var pig = PictureFiles.read(HOME.resolve("samples/pig.png")).resized(64, 64);
    PictureFiles.writePng(pig, folder.resolve("pig.png"));
    byte[] white = new byte[64 * 64 * 3];
    for (int y = 30; y < 60; y++) {
      Arrays.fill(white, (y * 64 + 16) * 3, (y * 64 + 48) * 3, (byte) -1);
    }
    PictureFiles.writePng(Picture.of(64, 64, white), folder.resolve("mask.png"));
    Files.writeString(
        folder.resolve("pig.json"),
        """
        { "format": "drag-edit/1", "image": { "file": "pig.png" }, "prompt": "pig, größer",
          "mask": { "png": "mask.png" },
          "drags": [ { "name": "snout",
            "handle": { "rectangle": [20, 32, 24, 16] },
            "target": { "ellipse": { "center": [32, 46], "radii": [14, 10] } } } ],
          "method": { "steps": 4 } }
        """);
  }

  @Test
  void whatALongPromptLosesIsSaidOrNothingIsLost() throws IOException {
    var prompt = "cat ".repeat(80).strip();
    var edit = List.of("edit", path("pig.json"), "--set", "prompt=" + prompt, "-m", MODEL);
    var cut = json(arguments(edit, "-o", path("a.png"), "--json"));
    var told = cut.get("warnings").get(0).asString();
    assertTrue(told.startsWith("prompt: expected at most 75 tokens, got "), told);
    assertTrue(told.contains("; left off \"") && told.contains("cat cat\"; shorten it"), told);
    var whole = json(arguments(edit, "-o", path("b.png"), "--long-prompt", "chunks", "--json"));
    assertEquals(0, whole.get("warnings").size());
    assertNotEquals(
        PictureFiles.read(folder.resolve("a.png")), PictureFiles.read(folder.resolve("b.png")));
    succeeds("edit", path("b.png"), "-o", path("c.png"));
    assertEquals(
        PictureFiles.read(folder.resolve("b.png")), PictureFiles.read(folder.resolve("c.png")));
    var generate =
        List.of("generate", "-p", prompt, "-m", MODEL, "--steps", "1", "-W", "64", "-H", "64");
    var lines = succeeds(arguments(generate, "-o", path("g.png"))).err();
    assertTrue(lines.contains("warning: prompt: expected at most 75 tokens"), lines);
    succeeds(arguments(generate, "--long-prompt", "chunks", "-o", path("h.png")));
    var texts = PictureFiles.texts(folder.resolve("h.png"));
    assertTrue(String.valueOf(texts.get("parameters")).contains("Long prompt: chunks"));
  }

  private static String[] arguments(List<String> some, String... more) {
    return Stream.concat(some.stream(), Stream.of(more)).toArray(String[]::new);
  }

  @Test
  void aResultIsMadeAgainFromItsOwnDocument() throws IOException {
    var result =
        json(
            "edit",
            path("pig.json"),
            "-o",
            path("a.png"),
            "-m",
            MODEL,
            "--json",
            "--set",
            "seed=5");
    assertEquals(5, result.get("seed").asInt());
    for (var phase : new String[] {"load", "encode", "invert", "edit", "decode", "save"}) {
      assertTrue(result.get("seconds").has(phase), phase);
    }
    // Neither the document nor the mask is needed any more, and no flag.
    Files.delete(folder.resolve("pig.json"));
    Files.delete(folder.resolve("mask.png"));
    succeeds("edit", path("a.png"), "-o", path("b.png"), "--progress", "none");
    assertEquals(
        PictureFiles.read(folder.resolve("a.png")), PictureFiles.read(folder.resolve("b.png")));
    // Each says itself which document made it; all else they say is the same.
    var first = PictureFiles.texts(folder.resolve("a.png"));
    var second = PictureFiles.texts(folder.resolve("b.png"));
    assertEquals(Set.of("parameters", "drag-edit", "drag-run", "drag-made"), first.keySet());
    for (var keyword : first.keySet()) {
      assertEquals(
          !keyword.equals("drag-made"), first.get(keyword).equals(second.get(keyword)), keyword);
    }
    var made = json("info", path("b.png"), "--json").at("/texts/drag-made");
    assertEquals("a.png", made.get("document").asString());
    succeeds("edit", path("a.png"), "-o", path("c.png"), "--seed", "6", "--no-metadata");
    assertNotEquals(
        PictureFiles.read(folder.resolve("a.png")), PictureFiles.read(folder.resolve("c.png")));
    assertEquals(Map.of(), PictureFiles.texts(folder.resolve("c.png")));

    var info = json("info", path("a.png"), "--json");
    assertEquals("drag-edit/2", info.at("/texts/drag-edit/format").asString());
    assertEquals("pig.png", info.at("/texts/drag-edit/image/file").asString());
    assertEquals("cpu", info.at("/texts/drag-run/device").asString());
    assertEquals("f32", info.at("/texts/drag-run/dtype").asString());
    var line = info.at("/texts/parameters").asString();
    assertTrue(
        line.startsWith(
            "pig, größer\nSteps: 4, Sampler: RegionDrag encode then cp, CFG scale: 1, Seed: 5,"),
        line);
    assertTrue(succeeds("info", path("a.png")).out().contains("a.png: 64x64\n"));

    // Another picture in its place is noticed.
    Files.copy(
        HOME.resolve("samples/pig.png"),
        folder.resolve("pig.png"),
        StandardCopyOption.REPLACE_EXISTING);
    var changed = run("edit", path("a.png"), "-o", path("b.png"));
    assertEquals(1, changed.code());
    assertTrue(changed.err().contains("expected the picture of SHA-256"), changed.err());
    var plain = run("edit", path("pig.png"), "-o", path("b.png"));
    assertEquals(1, plain.code());
    assertTrue(
        plain
            .err()
            .contains("pig.png: expected an edit document, or a PNG that drag4j edited, got"));
  }

  @Test
  void theWholeDocumentIsExplained() {
    var outcome = succeeds("edit", path("pig.json"), "--explain", "--set", "working.size=32");
    var document = new JsonMapper().readTree(outcome.out());
    assertEquals(32, document.at("/working/size").asInt());
    assertEquals("encode-then-cp", document.at("/method/variant").asString());
    assertEquals(0.5, document.at("/method/start").asDouble());
    var schema = new JsonMapper().readTree(succeeds("edit", "--schema").out());
    assertTrue(schema.at("/properties/drags").isObject());
  }

  @Test
  void aPreviewNeedsNoModel() throws IOException {
    var report = json("preview", path("pig.json"), "-o", path("p.png"), "--json", "--marks");
    assertTrue(report.at("/windows/0/cells").asInt() > 0);
    assertTrue(report.at("/windows/0/holes").asInt() > 0);
    assertEquals("snout", report.at("/windows/0/drags/0/name").asString());
    assertEquals(64, PictureFiles.read(folder.resolve("p.png")).width());
    var text = succeeds("preview", path("pig.json"), "-o", path("p.png"));
    assertTrue(text.err().startsWith("works on 64x64 at (0, 0) as 64x64, 8x8 cells\nsnout: "));
    assertEquals(path("p.png"), text.out().strip());
    Files.writeString(
        folder.resolve("pig.json"),
        Files.readString(folder.resolve("pig.json")).replace("[20, 32, 24, 16]", "[20, 32, 2, 2]"));
    assertTrue(
        succeeds("preview", path("pig.json"), "-o", path("p.png"))
            .err()
            .contains("snout: region: expected the centre of at least one cell"));
    // The size is the model's where one is named.
    var small = json("preview", path("pig.json"), "-o", path("p.png"), "--json", "--size", "32");
    assertEquals(32, small.at("/windows/0/workingWidth").asInt());
  }

  /** A JPEG of 24 million pixels, held upright by its Exif data only. */
  private void writeTurnedPhoto(Path file, int width, int height) throws IOException {
    var image = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
    int[] row = new int[width * 3];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        row[3 * x] = x / 24;
        row[3 * x + 1] = y / 16;
        row[3 * x + 2] = (x / 32 + y / 32) % 2 * 90 + 80;
      }
      image.getRaster().setPixels(0, y, width, 1, row);
    }
    var jpeg = new ByteArrayOutputStream();
    assertTrue(ImageIO.write(image, "jpeg", jpeg));
    byte[] bytes = jpeg.toByteArray();
    var out = ByteBuffer.allocate(bytes.length + 36);
    out.put(bytes, 0, 2).putShort((short) 0xffe1).putShort((short) 34);
    out.put("Exif\0\0MM".getBytes(StandardCharsets.ISO_8859_1)).putShort((short) 42).putInt(8);
    // One entry: orientation, a short, to be turned a quarter clockwise.
    out.putShort((short) 1).putShort((short) 0x0112).putShort((short) 3).putInt(1);
    out.putShort((short) 6).putShort((short) 0).putInt(0);
    Files.write(file, out.put(bytes, 2, bytes.length - 2).array());
  }

  /** The resolution stays, and everything outside is untouched. */
  @Test
  void aLargePhotoKeepsItsPixels() throws IOException {
    int width = 4000;
    int height = 6000;
    writeTurnedPhoto(folder.resolve("photo.jpg"), /* width= */ height, /* height= */ width);
    var result =
        json(
            "drag",
            path("photo.jpg"),
            "--from",
            "2000,3000,60,60",
            "--to",
            "2040,3000,60,60",
            "-m",
            MODEL,
            "--steps",
            "4",
            "--size",
            "192",
            "-o",
            path("out.png"),
            "--json");
    // In the middle within half of a step of 24 pixels.
    assertEquals("[1944,2928,192,192]", result.at("/windows/0/window").toString());
    assertEquals(width, result.get("width").asInt());
    // Decoded and turned here, not by the code under test.
    var before = ImageIO.read(folder.resolve("photo.jpg").toFile());
    assertEquals(height, before.getWidth());
    var after = ImageIO.read(folder.resolve("out.png").toFile());
    assertEquals(width, after.getWidth());
    assertEquals(height, after.getHeight());
    int changed = 0;
    int[] old = new int[width];
    int[] fresh = new int[width];
    for (int y = 0; y < height; y++) {
      before.getRGB(y, 0, 1, width, old, 0, 1);
      after.getRGB(0, y, width, 1, fresh, 0, width);
      for (int x = 0; x < width; x++) {
        if (old[width - 1 - x] != fresh[x]) {
          assertTrue(
              x >= 2000 - 16 && x <= 2100 + 16 && y >= 3000 - 16 && y <= 3060 + 16, x + ", " + y);
          changed++;
        }
      }
    }
    assertTrue(changed > 4000, "" + changed);
  }

  @Test
  void transparentPicturesStayTransparent() throws IOException {
    var pig = PictureFiles.read(folder.resolve("pig.png"));
    byte[] alpha = new byte[64 * 64];
    for (int i = 0; i < alpha.length; i++) {
      alpha[i] = (byte) (i % 64 < 44 && i / 64 < 48 ? 255 : 0);
    }
    var density = new Density(2835, 2835, true);
    var carried =
        new PictureMetadata(
            Map.of("Author", "me"),
            Optional.empty(),
            Optional.of(density),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            List.of());
    byte[] png = PictureFiles.png(pig.withAlpha(alpha), carried);
    Files.write(folder.resolve("pig.png"), Arrays.copyOf(png, png.length - 1));
    var result = json("edit", path("pig.json"), "-o", path("a.png"), "-m", MODEL, "--json");
    assertEquals(1, result.get("warnings").size(), result.toString());
    assertTrue(result.at("/warnings/0").asString().endsWith("all pixels are there"));
    var loaded =
        PictureFiles.load(folder.resolve("a.png"), Optional.empty(), warning -> fail(warning));
    // What the photo carried stays, beside the document of the edit.
    assertEquals(Optional.of(density), loaded.metadata().density());
    assertEquals("me", loaded.metadata().texts().get("Author"));
    assertTrue(loaded.metadata().texts().containsKey("drag-edit"));
    var edited = loaded.picture();
    byte[] after = edited.alpha();
    // The snout took its opacity along, to below the old edge; outside the mask nothing changed.
    assertEquals(-1, after[52 * 64 + 32]);
    assertEquals(0, alpha[52 * 64 + 32]);
    for (int i = 0; i < alpha.length; i++) {
      if (i % 64 < 16 || i % 64 >= 48 || i / 64 < 30 || i / 64 >= 60) {
        assertEquals(alpha[i], after[i]);
        for (int c = 0; c < 3; c++) {
          assertEquals(pig.level(i % 64, i / 64, c), edited.level(i % 64, i / 64, c));
        }
      }
    }
  }

  @Test
  void progressIsOneLineAPhaseOrJson() {
    var lines = succeeds("edit", path("pig.json"), "-o", path("a.png"), "-m", MODEL).err();
    assertEquals(6, lines.lines().count(), lines);
    assertTrue(lines.contains("\ninvert   2/2  "), lines);
    var events =
        succeeds("edit", path("pig.json"), "-o", path("a.png"), "-m", MODEL, "--progress", "json")
            .err();
    var mapper = new JsonMapper();
    for (var line : events.lines().toList()) {
      assertTrue(mapper.readTree(line).has("phase"), line);
    }
    assertEquals(14, events.lines().count(), events);
  }

  @Test
  void severalSeedsAreWhatEachIsAlone() throws IOException {
    var json =
        json(
            "edit",
            path("pig.json"),
            "-o",
            path("all.png"),
            "-m",
            MODEL,
            "--seeds",
            "3",
            "--seed",
            "7",
            "--json");
    assertEquals(path("all.png"), json.get("sheet").asString());
    assertEquals(3, json.get("runs").size());
    for (int seed = 7; seed < 10; seed++) {
      var file = folder.resolve("all-" + seed + ".png");
      assertEquals(file.toString(), json.at("/runs/" + (seed - 7) + "/picture").asString());
      assertEquals(seed, json.at("/runs/" + (seed - 7) + "/seed").asInt());
      assertEquals(edited("seed=" + seed), PictureFiles.read(file));
    }
    assertNotEquals(
        PictureFiles.read(folder.resolve("all-7.png")),
        PictureFiles.read(folder.resolve("all-8.png")));
    // Two by two, the original first.
    var sheet = PictureFiles.read(folder.resolve("all.png"));
    assertEquals(2 * 64 + 3 * 8, sheet.width());
    assertEquals(
        PictureFiles.read(folder.resolve("pig.png")).onWhite(), sheet.cropped(8, 8, 64, 64));
    // A seed's picture carries its own document.
    succeeds("edit", path("all-9.png"), "-o", path("again.png"), "--progress", "none");
    assertEquals(
        PictureFiles.read(folder.resolve("all-9.png")),
        PictureFiles.read(folder.resolve("again.png")));
    var text =
        succeeds("edit", path("pig.json"), "-o", path("all.png"), "-m", MODEL, "--seeds", "1");
    assertEquals(path("all-42.png") + "\n" + path("all.png") + "\n", text.out());
  }

  /** The projection of the last step is about what the decoder makes of it. */
  @Test
  void previewsComeCloseToTheResult() throws IOException {
    var result =
        succeeds(
            "edit",
            path("pig.json"),
            "-o",
            path("a.png"),
            "-m",
            MODEL,
            "--preview",
            "proj",
            "--preview-path",
            path("now.png"),
            "--progress",
            "json");
    var mapper = new JsonMapper();
    var events = result.err().lines().map(mapper::readTree).filter(e -> e.has("file")).toList();
    assertEquals(2, events.size(), result.err());
    assertEquals("preview", events.getLast().get("event").asString());
    assertEquals("edit", events.getLast().get("phase").asString());
    assertEquals(2, events.getLast().get("step").asInt());
    assertEquals(path("now.png"), events.getLast().get("file").asString());
    var last = PictureFiles.read(folder.resolve("now.png")).resized(8, 8);
    var edited = PictureFiles.read(folder.resolve("a.png")).onWhite().resized(8, 8);
    assertTrue(last.psnr(edited) > 15, () -> "PSNR " + last.psnr(edited));
    // They change nothing.
    assertEquals(edited(), PictureFiles.read(folder.resolve("a.png")));
  }

  @Test
  void previewsOfGeneratedPicturesAreTold() throws IOException {
    var result =
        succeeds(
            "generate",
            "-p",
            "a pig",
            "-m",
            MODEL,
            "-W",
            "64",
            "-H",
            "64",
            "--steps",
            "5",
            "-o",
            path("g.png"),
            "--preview",
            "proj",
            "--preview-interval",
            "2",
            "--progress",
            "json");
    assertEquals(3, result.err().lines().filter(l -> l.contains("\"event\": \"preview\"")).count());
    var last = PictureFiles.read(folder.resolve("g-preview.png")).resized(8, 8);
    var picture = PictureFiles.read(folder.resolve("g.png")).resized(8, 8);
    assertTrue(last.psnr(picture) > 12, () -> "PSNR " + last.psnr(picture));
  }

  private Picture edited(String... settings) {
    var args =
        new ArrayList<>(
            List.of(
                "edit", path("pig.json"), "-o", path("a.png"), "-m", MODEL, "--progress", "none"));
    for (var setting : settings) {
      args.add("--set");
      args.add(setting);
    }
    succeeds(args.toArray(String[]::new));
    return PictureFiles.read(folder.resolve("a.png"));
  }

  @Test
  void everyParameterDoesSomethingAndItsDefaultNothing() {
    var plain = edited();
    for (var same :
        new String[] {
          "method.injectStrength=1",
          "method.injectSteps=[0, 2]",
          "method.layers=*",
          "method.guidance=1",
          "method.end=0.9",
          "method.overlap=winner-takes-all"
        }) {
      assertEquals(plain, edited(same), same);
    }
    for (var other :
        new String[] {
          "method.layers=decoder",
          "method.layers=*.attentions.0.*",
          "method.injectSteps=[1, 9]",
          "method.injectStrength=0.5",
          "method.guidance=3",
          "method.fill=noise",
          "method.fill=neighbours",
          "method.handleNoise=0.5",
          "method.start=0.3"
        }) {
      assertNotEquals(plain, edited(other), other);
    }
    assertNotEquals(plain, edited("method.copy=stop-at-end", "method.end=0.6"));
    assertEquals(edited("method.injectStrength=0"), edited("method.injectSteps=[0, 0]"));
    assertNotEquals(
        edited("method.guidance=3"),
        edited("method.guidance=3", "method.negativePrompt=a yellow bird"));
    var unknown =
        run(
            "edit",
            path("pig.json"),
            "-o",
            path("a.png"),
            "-m",
            MODEL,
            "--progress",
            "none",
            "--set",
            "method.layers=encoder");
    assertEquals(1, unknown.code());
    assertTrue(
        unknown.err().contains("method.layers: expected \"all\", \"decoder\" or the path of"),
        unknown.err());
  }

  @Test
  void aSweepRunsTheGrid() throws IOException {
    var result =
        json(
            "sweep",
            path("pig.json"),
            "--over",
            "method.start=0.75,0.5",
            "--over",
            "method.injectSteps=[0,1],[0,1000]",
            "-o",
            path("grid"),
            "-m",
            MODEL,
            "--json",
            "--progress",
            "none");
    assertEquals(4, result.get("runs").size());
    assertEquals(
        "method.start=0.75 method.injectSteps=[0,1000]", result.at("/runs/1/values").asString());
    assertTrue(result.at("/runs/3/changeOutside").asDouble() > 0);
    assertTrue(result.at("/runs/3/colourErrorUnedited").asDouble() > 0);
    var grid = folder.resolve("grid");
    assertEquals(5, Files.readAllLines(grid.resolve("table.csv")).size());
    assertEquals(PictureFiles.read(grid.resolve("04.png")), edited());
    assertNotEquals(
        PictureFiles.read(grid.resolve("01.png")), PictureFiles.read(grid.resolve("02.png")));
    // Five pictures, the original among them, in two rows of three.
    var sheet = PictureFiles.read(grid.resolve("sheet.png"));
    assertEquals(8 + 3 * (64 + 8), sheet.width());
    assertTrue(sheet.height() < 8 + 2 * (64 + 4 * 15 + 8), "no higher than its labels need");
    var seeds =
        succeeds("sweep", path("pig.json"), "--seeds", "2", "-o", path("grid"), "-m", MODEL);
    assertTrue(seeds.out().contains("seed=43"), seeds.out());
    for (var bad : new String[] {"method.start", "=1,2"}) {
      var outcome = run("sweep", path("pig.json"), "--over", bad, "-m", MODEL);
      assertEquals(2, outcome.code());
      assertTrue(outcome.err().contains("--over: expected PATH=V1,V2,..., got"), outcome.err());
    }
    assertEquals(2, run("sweep", path("pig.json"), "-m", MODEL).code());
    assertEquals(1, run("sweep", path("pig.json"), "--over", "method.strat=1", "-m", MODEL).code());
  }

  private Picture generated(String... more) {
    var args =
        new ArrayList<>(
            List.of(
                "generate",
                "-p",
                "pig face",
                "-i",
                path("pig.png"),
                "--steps",
                "4",
                "-m",
                MODEL,
                "-o",
                path("g.png"),
                "--overwrite",
                "--progress",
                "none"));
    args.addAll(List.of(more));
    succeeds(args.toArray(String[]::new));
    return PictureFiles.read(folder.resolve("g.png"));
  }

  @Test
  void picturesStartFromPictures() {
    var pig = PictureFiles.read(folder.resolve("pig.png"));
    for (var sampler : new String[] {"ddim", "dpmpp2m"}) {
      double near = generated("--strength", "0.25", "--sampler", sampler).psnr(pig);
      double far = generated("--strength", "1", "--sampler", sampler).psnr(pig);
      assertTrue(near > far + 3, sampler + ": " + near + " and " + far);
    }
    assertEquals(generated("--seed", "3"), generated("--seed", "3"));
    var masked = generated("--mask", path("mask.png"), "--strength", "0.75");
    int changed = 0;
    for (int y = 0; y < 64; y++) {
      for (int x = 0; x < 64; x++) {
        boolean inside = x >= 16 && x < 48 && y >= 30 && y < 60;
        for (int c = 0; c < 3; c++) {
          boolean same = pig.level(x, y, c) == masked.level(x, y, c);
          assertTrue(inside || same);
          changed += same ? 0 : 1;
        }
      }
    }
    assertTrue(changed > 1000, "" + changed);
    String[] start = {
      "generate", "-p", "x", "-m", MODEL, "-o", path("h.png"), "--steps", "4", "--progress", "none"
    };
    assertFails(2, "--strength: expected above 0, up to 1, got 0.0", start, "--strength", "0");
    assertFails(2, "--mask: expected an --image as well, got none", start, "--mask", "m.png");
    assertFails(
        1,
        "strength: expected a step at least, got 0.1 of 4 steps; choose a larger one",
        start,
        "-i",
        path("pig.png"),
        "--strength",
        "0.1");
    assertFails(
        1,
        "expected a mask of the picture's size, 64x64, got 256x256; paint it over the picture",
        start,
        "-i",
        path("pig.png"),
        "--mask",
        HOME.resolve("samples/pig.png").toString());
  }

  private static void assertFails(int code, String message, String[] start, String... more) {
    var args = new ArrayList<>(List.of(start));
    args.addAll(List.of(more));
    var outcome = run(args.toArray(String[]::new));
    assertEquals(code, outcome.code());
    assertTrue(outcome.err().contains(message), outcome.err());
  }

  /** Seeds 1 to {@code count}, alternating between two prompts. */
  private Path documents(int count) throws IOException {
    var documents = Files.createDirectories(folder.resolve("documents"));
    Files.copy(folder.resolve("pig.png"), documents.resolve("pig.png"));
    for (int i = 0; i < count; i++) {
      Files.writeString(
          documents.resolve("%02d.json".formatted(i)),
          """
          { "format": "drag-edit/1", "image": { "file": "pig.png" }, "prompt": "pig %d",
            "drags": [ { "handle": { "rectangle": [16, 24, 24, 16] },
                         "target": { "rectangle": [%d, 32, 24, 16] } } ],
            "method": { "steps": 4 }, "seed": 3 }
          """
              .formatted(i % 2, 16 + i % 8));
    }
    return documents;
  }

  private static List<JsonNode> results(Path file) throws IOException {
    var mapper = new JsonMapper();
    return Files.readAllLines(file).stream().map(mapper::readTree).toList();
  }

  private Process batch(Path documents, Path out) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--add-modules",
            "jdk.incubator.vector",
            "-cp",
            System.getProperty("java.class.path"),
            "org.drag4j.cli.Drag4j",
            "batch",
            documents.toString(),
            "-o",
            out.toString(),
            "-m",
            MODEL)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("log.txt").toFile()))
        .start();
  }

  private static List<String> lines(Path log) throws IOException {
    return Files.exists(log) ? Files.readString(log).lines().toList() : List.of();
  }

  @Test
  void aKilledBatchGoesOnWithoutLosingOrRepeating() throws Exception {
    var documents = documents(20);
    var out = folder.resolve("out");
    var log = out.resolve("results.jsonl");
    long seed = System.nanoTime();
    var random = new Random(seed);
    for (int kill = 0; kill < KILLS; kill++) {
      var process = batch(documents, out);
      int from = lines(log).size();
      // After some more results, at any moment of the next one.
      int more = random.nextInt(2);
      while (process.isAlive() && lines(log).size() < from + more) {
        Thread.sleep(5);
      }
      // Of a fast machine not so late that all is done.
      long until = System.nanoTime() + random.nextInt(kill == 0 ? 3000 : 300) * 1_000_000L;
      while (System.nanoTime() < until && lines(log).size() <= from + more) {
        Thread.sleep(5);
      }
      boolean killed = process.isAlive();
      process.destroyForcibly().waitFor();
      String what = "seed " + seed + ": " + Files.readString(folder.resolve("log.txt"));
      assertTrue(killed, what);
      assertTrue(lines(log).size() < 20, what);
      // A picture is there whole or not at all, before its line.
      for (int i = 0; i < 20; i++) {
        var picture = out.resolve("%02d.png".formatted(i));
        if (Files.exists(picture)) {
          assertEquals(64, PictureFiles.read(picture).width(), what);
        }
      }
    }
    int before = (int) lines(log).stream().filter(l -> l.endsWith("}")).count();
    // As if the last line had been cut as well, and a picture.
    Files.createDirectories(out);
    Files.writeString(
        log, "{\"document\": \"x", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    Files.writeString(out.resolve(".19.png.fffffffffff-1.tmp"), "half");
    var again = succeeds("batch", documents.toString(), "-o", out.toString(), "-m", MODEL);
    assertEquals(20 - before, again.out().lines().count(), "seed " + seed);
    var rows = results(log);
    assertEquals(20, rows.size(), "seed " + seed);
    assertEquals(20, rows.stream().map(r -> r.get("document").asString()).distinct().count());
    assertTrue(rows.stream().allMatch(r -> r.get("ok").asBoolean()));
    var whole = folder.resolve("whole");
    succeeds("batch", documents.toString(), "-o", whole.toString(), "-m", MODEL);
    var expected = new TreeSet<String>(List.of("results.jsonl"));
    for (int i = 0; i < 20; i++) {
      var name = "%02d.png".formatted(i);
      expected.add(name);
      assertArrayEquals(
          Files.readAllBytes(whole.resolve(name)),
          Files.readAllBytes(out.resolve(name)),
          name + ", seed " + seed);
    }
    try (var files = Files.list(out)) {
      var names = new TreeSet<String>();
      files.forEach(file -> names.add(String.valueOf(file.getFileName())));
      assertEquals(expected, names, "seed " + seed);
    }
    assertEquals(
        "", succeeds("batch", documents.toString(), "-o", out.toString(), "-m", MODEL).out());
    // Each is what it is alone, whoever shared its inversion.
    for (int i : new int[] {1, 6, 19}) {
      succeeds(
          "edit",
          documents.resolve("%02d.json".formatted(i)).toString(),
          "-m",
          MODEL,
          "-o",
          path("alone-" + i + ".png"),
          "--progress",
          "none");
      assertEquals(
          PictureFiles.read(folder.resolve("alone-" + i + ".png")),
          PictureFiles.read(out.resolve("%02d.png".formatted(i))));
    }
  }

  @Test
  void oneBatchAtATimeInAFolder() throws IOException {
    var out = Files.createDirectories(folder.resolve("out"));
    try (var _ = ResultLog.open(out.resolve("results.jsonl"), /* replace= */ false)) {
      var second = run("batch", path("pig.json"), "-o", out.toString(), "-m", MODEL);
      assertEquals(1, second.code());
      assertTrue(second.err().contains("expected one batch at a time, got another"), second.err());
    }
  }

  @Test
  void aBatchGoesOnAfterAFailure() throws IOException {
    var documents = documents(3);
    var out = folder.resolve("out");
    Files.writeString(documents.resolve("01.json"), "{}");
    var first = run("batch", documents.toString(), "-o", out.toString(), "-m", MODEL);
    assertEquals(1, first.code());
    var rows = results(out.resolve("results.jsonl"));
    assertEquals(3, rows.size());
    assertEquals(1, rows.getFirst().get("code").asInt());
    assertTrue(
        rows.getFirst().get("error").asString().contains("format: expected \"drag-edit/2\""));
    assertTrue(Files.exists(out.resolve("02.png")));
    // Only what failed is tried again, or has changed.
    Files.writeString(documents.resolve("01.json"), Files.readString(documents.resolve("02.json")));
    Files.writeString(
        documents.resolve("00.json"),
        Files.readString(documents.resolve("00.json")).replace("\"seed\": 3", "\"seed\": 4"));
    var second = succeeds("batch", documents.toString(), "-o", out.toString(), "-m", MODEL);
    assertEquals(2, second.out().lines().count());
    var missing =
        run("batch", documents.toString(), "-o", out.toString(), "-m", path("no-model"), "--json");
    assertEquals(1, missing.code());
    assertEquals(3, missing.out().lines().filter(l -> l.contains("\"code\":3")).count());
  }

  /** Calls of the UNet, by its first convolution, of an edit by this editor. */
  private static int calls(Editor editor, Edit edit, List<Picture> results) {
    int[] calls = {0};
    editor
        .pipeline()
        .trace(
            new Trace() {
              @Override
              public void begin(Step step) {
                if (step.node().path().equals("conv_in")) {
                  calls[0]++;
                }
              }
            });
    results.add(editor.edit(edit.checked(), Progress.NONE, Glimpse.NONE).picture());
    return calls[0];
  }

  private Edit edit(Path file, List<String> settings) {
    var document =
        Documents.set(Edit.document(file), "test", settings, MaskFiles.in(folder, _ -> {}));
    return Edit.of(folder, document);
  }

  @Test
  void aSecondEditNeedsNoInversion() throws IOException {
    var moved = folder.resolve("moved.json");
    Files.writeString(
        moved, Files.readString(folder.resolve("pig.json")).replace("[32, 46]", "[30, 44]"));
    for (var variant : List.of("encode-then-cp", "cp-then-encode")) {
      var settings = List.of("method.variant=" + variant, "method.steps=20");
      var first = edit(folder.resolve("pig.json"), settings);
      var second = edit(moved, settings);
      var fresh = new ArrayList<Picture>();
      var cached = new ArrayList<Picture>();
      var counts = new ArrayList<Integer>();
      var model = ModelFolder.open(Path.of(MODEL));
      var setup = Setup.of("cpu");
      try (var backend = setup.open();
          var pipeline =
              Pipeline.open(model, backend, setup.planOptions(), Pipeline.Residency.KEEP);
          var editor = Editor.on(pipeline)) {
        counts.add(calls(editor, first, fresh));
        counts.add(calls(editor, second, fresh));
        editor.keep(1L << 30);
        counts.add(calls(editor, first, cached));
        counts.add(calls(editor, second, cached));
        counts.add(calls(editor, first, cached));
        // Too small to keep anything.
        editor.keep(1000);
        counts.add(calls(editor, first, cached));
        counts.add(calls(editor, first, cached));
      }
      assertEquals(
          variant.startsWith("encode")
              ? List.of(20, 20, 20, 10, 10, 20, 20)
              : List.of(30, 30, 30, 20, 20, 30, 30),
          counts);
      assertEquals(fresh.get(0), cached.get(0));
      assertEquals(fresh.get(1), cached.get(1));
      assertEquals(fresh.get(0), cached.get(2));
      assertEquals(fresh.get(0), cached.get(3));
      assertNotEquals(fresh.get(0), fresh.get(1));
    }
  }
}
