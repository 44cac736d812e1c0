package org.drag4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import javax.imageio.ImageIO;
import org.drag4j.edit.Picture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Whole commands with the demo model, small and of few steps. */
class EndToEndTest {
  private static final Path HOME = Path.of("..").toAbsolutePath().normalize();
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
      java.util.Arrays.fill(white, (y * 64 + 16) * 3, (y * 64 + 48) * 3, (byte) -1);
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
    assertArrayEquals(
        Files.readAllBytes(folder.resolve("a.png")), Files.readAllBytes(folder.resolve("b.png")));
    succeeds("edit", path("a.png"), "-o", path("c.png"), "--seed", "6", "--no-metadata");
    assertNotEquals(
        PictureFiles.read(folder.resolve("a.png")), PictureFiles.read(folder.resolve("c.png")));
    assertEquals(Map.of(), PictureFiles.texts(folder.resolve("c.png")));

    var info = json("info", path("a.png"), "--json");
    assertEquals("drag-edit/1", info.at("/texts/drag-edit/format").asString());
    assertEquals("pig.png", info.at("/texts/drag-edit/image/file").asString());
    assertEquals("cpu", info.at("/texts/drag-run/device").asString());
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
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
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
    assertTrue(report.get("cells").asInt() > 0);
    assertTrue(report.get("holes").asInt() > 0);
    assertEquals("snout", report.at("/drags/0/name").asString());
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
    assertEquals(32, small.get("workingWidth").asInt());
  }

  /** 24 million pixels: the resolution stays, and everything outside is untouched. */
  @Test
  void aLargePhotoKeepsItsPixels() throws IOException {
    int width = 6000;
    int height = 4000;
    var image = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
    int[] row = new int[width * 3];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        row[3 * x] = (x * 7 + y) & 0xff;
        row[3 * x + 1] = (x + y * 5) / 8 & 0xff;
        row[3 * x + 2] = (x ^ y) & 0xff;
      }
      image.getRaster().setPixels(0, y, width, 1, row);
    }
    assertTrue(ImageIO.write(image, "jpeg", folder.resolve("photo.jpg").toFile()));
    var result =
        json(
            "drag",
            path("photo.jpg"),
            "--from",
            "3000,2000,60,60",
            "--to",
            "3040,2000,60,60",
            "-m",
            MODEL,
            "--steps",
            "2",
            "--size",
            "128",
            "-o",
            path("out.png"),
            "--json");
    assertEquals("[2986,1966,128,128]", result.get("window").toString());
    assertEquals(width, result.get("width").asInt());
    var before = PictureFiles.read(folder.resolve("photo.jpg"));
    var after = PictureFiles.read(folder.resolve("out.png"));
    byte[] old = before.rgb();
    byte[] fresh = after.rgb();
    int changed = 0;
    for (int i = 0; i < old.length; i++) {
      if (old[i] != fresh[i]) {
        int x = i / 3 % width;
        int y = i / 3 / width;
        assertTrue(x >= 3000 - 16 && x <= 3100 + 16 && y >= 2000 - 16 && y <= 2060 + 16);
        changed++;
      }
    }
    assertTrue(changed > 10_000, "" + changed);
    assertFalse(after.equals(before));
  }

  @Test
  void transparentPicturesStayTransparent() throws IOException {
    var pig = PictureFiles.read(folder.resolve("pig.png"));
    byte[] alpha = new byte[64 * 64];
    for (int i = 0; i < alpha.length; i++) {
      alpha[i] = (byte) (i % 64 < 44 && i / 64 < 48 ? 255 : 0);
    }
    PictureFiles.writePng(pig.withAlpha(alpha), folder.resolve("pig.png"));
    succeeds("edit", path("pig.json"), "-o", path("a.png"), "-m", MODEL, "--progress", "none");
    var edited = PictureFiles.read(folder.resolve("a.png"));
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
}
