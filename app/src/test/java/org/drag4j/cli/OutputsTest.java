package org.drag4j.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.drag4j.cli.console.AppHome;
import org.drag4j.cli.console.Host;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureFiles;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What is written where: nothing of the user's is replaced, and results tell no more than told. */
class OutputsTest {
  private static final Path HOME = Path.of("..").toAbsolutePath().normalize();
  private static final String MODEL = HOME.resolve("models/demo").toString();
  private static final String ALLOW = "--overwrite";

  @TempDir Path folder = Path.of("");

  private record Outcome(int code, String out, String err) {}

  /** Runs a command line; {@code DIR} is the folder, {@code MODEL} the demo model. */
  private Outcome run(String line) {
    var args =
        Arrays.stream(line.split(" "))
            .map(arg -> arg.replace("DIR", folder.toString()).replace("MODEL", MODEL))
            .toArray(String[]::new);
    var out = new StringWriter();
    var err = new StringWriter();
    var host = new Host(Map.of(), false, () -> false);
    var commands = Drag4j.commandLine(host);
    commands.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int code = Drag4j.run(commands, host, args);
    return new Outcome(code, out.toString(), err.toString());
  }

  private Outcome succeeds(String line) {
    var outcome = run(line);
    assertEquals(0, outcome.code(), line + ": " + outcome.err() + outcome.out());
    return outcome;
  }

  private static List<JsonNode> rows(String out) {
    var mapper = new JsonMapper();
    return out.lines().map(mapper::readTree).toList();
  }

  private Path file(String name) {
    return folder.resolve(name);
  }

  private void document(String name, String picture, int seed) throws IOException {
    Files.createDirectories(file(name).getParent());
    Files.writeString(
        file(name),
        """
        { "format": "drag-edit/1", "image": { "file": "%s" },
          "drags": [ { "handle": { "rectangle": [16, 24, 24, 16] },
                       "target": { "rectangle": [20, 32, 24, 16] } } ],
          "method": { "steps": 4 }, "seed": %d }
        """
            .formatted(picture, seed));
  }

  private static Picture pig() {
    return PictureFiles.read(HOME.resolve("samples/pig.png")).resized(64, 64);
  }

  @BeforeEach
  void prepare() throws IOException {
    PictureFiles.writePng(pig(), file("pig.png"));
    document("pig.json", "pig.png", 1);
  }

  private Map<String, byte[]> files() throws IOException {
    var files = new TreeMap<String, byte[]>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (var file : all.filter(Files::isRegularFile).toList()) {
        files.put(folder.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
    return files;
  }

  /** No model is read: there is none. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "drag DIR/pig.png --from 1,1,32,32 --to 9,9,32,32 --save DIR/mine.png",
        "drag DIR/pig.png --from 1,1,32,32 --to 9,9,32,32 --save DIR/mine.jpg",
        "drag DIR/pig.png --from 1,1,32,32 --to 9,9,32,32 --save DIR/d.json -o DIR/mine.png",
        "edit DIR/pig.json -m DIR/none -o DIR/mine.png",
        "edit DIR/pig.json -m DIR/none -o DIR/link.png",
        "edit DIR/pig.json -m DIR/none -o DIR/s.png --seeds 2",
        "edit DIR/pig.json -m DIR/none -o DIR/p.png --preview proj",
        "edit DIR/pig.json -m DIR/none -o DIR/q.png --seeds 2 --preview proj",
        "preview DIR/pig.json -o DIR/mine.png",
        "generate -p x -m DIR/none -o DIR/mine.png",
        "demo -m DIR/none -o DIR/mine.png",
        "demo pig -m DIR/none -o DIR/new.png",
        "bench unet -m DIR/none --save DIR/mine.jpg"
      })
  void nothingThatIsThereIsReplacedUnasked(String line) throws IOException {
    System.setProperty(AppHome.PROPERTY, HOME.toString());
    try {
      for (var name : List.of("mine.png", "mine.jpg", "s-2.png", "p-preview.png")) {
        Files.writeString(file(name), "the user's");
      }
      for (var name : List.of("q-2-preview.png", "pig-before-after.png")) {
        Files.writeString(file(name), "the user's");
      }
      Files.createSymbolicLink(file("link.png"), Path.of("mine.png"));
      var before = files();
      var outcome = run(line);
      assertEquals(1, outcome.code(), outcome.err());
      assertTrue(outcome.err().contains("replace it with --overwrite"), outcome.err());
      assertEquals("", outcome.out());
      var after = files();
      assertEquals(before.keySet(), after.keySet());
      before.forEach((name, bytes) -> assertArrayEquals(bytes, after.get(name), name));
    } finally {
      System.clearProperty(AppHome.PROPERTY);
    }
  }

  /** The same document, changed or not, and nobody else; nor after somebody painted over it. */
  @Test
  void aDocumentReplacesItsOwnPictures() throws IOException {
    String edit = "edit DIR/pig.json -m MODEL --progress none -o DIR/a.png";
    succeeds(edit);
    document("pig.json", "pig.png", 2);
    succeeds(edit);
    succeeds("preview DIR/pig.json -o DIR/a.png");
    succeeds(edit);
    document("other/pig.json", "pig.png", 2);
    PictureFiles.writePng(pig(), file("other/pig.png"));
    byte[] made = Files.readAllBytes(file("a.png"));
    for (var other :
        List.of(
            edit.replace("DIR/pig.json", "DIR/other/pig.json"),
            "drag DIR/pig.png --from 1,1,32,32 --to 9,9,32,32 -m MODEL -o DIR/a.png",
            "edit DIR/b.png -m MODEL -o DIR/a.png")) {
      Files.copy(file("a.png"), file("b.png"), StandardCopyOption.REPLACE_EXISTING);
      assertEquals(1, run(other).code(), other);
      assertArrayEquals(made, Files.readAllBytes(file("a.png")), other);
    }
    // The record stays, the pixels are the user's.
    var texts = PictureFiles.texts(file("a.png"));
    PictureFiles.writePng(pig(), file("a.png"), texts);
    assertEquals(1, run(edit).code());
    assertEquals(pig(), PictureFiles.read(file("a.png")));
    succeeds(edit + " " + ALLOW);
    assertArrayEquals(made, Files.readAllBytes(file("a.png")));
    succeeds(edit + " --no-metadata");
    assertEquals(1, run(edit).code());
    succeeds(edit + " --no-metadata " + ALLOW);
  }

  /** A second drag, and a document that was saved, have no document to go by. */
  @Test
  void aSecondDragReplacesNothing() throws IOException {
    String drag = "drag DIR/pig.png --from 16,24,24,16 --to 20,32,24,16 --steps 4 --progress none";
    succeeds(drag + " -m MODEL -o DIR/a.png");
    byte[] first = Files.readAllBytes(file("a.png"));
    assertEquals(1, run(drag + " --seed 7 -m MODEL -o DIR/a.png").code());
    assertArrayEquals(first, Files.readAllBytes(file("a.png")));
    succeeds(drag + " --save DIR/d.json");
    assertEquals(1, run(drag + " --save DIR/d.json").code());
    succeeds(drag + " --save DIR/d.json " + ALLOW);
    // What drag made by way of a document that was saved is the document's.
    succeeds(drag + " --save DIR/e.json -m MODEL -o DIR/e.png");
    succeeds("edit DIR/e.json -m MODEL --progress none -o DIR/e.png");
  }

  @Test
  void previewsThatAreNamedComeAndGo() throws IOException {
    Files.writeString(file("now.png"), "older");
    String edit = "edit DIR/pig.json -m MODEL --progress none --preview proj -o DIR/a.png";
    succeeds(edit + " --preview-path DIR/now.png");
    assertEquals(64, PictureFiles.read(file("now.png")).width());
    succeeds(edit);
    succeeds(edit);
    var same = run(edit + " --preview-path DIR/a.png");
    assertEquals(2, same.code());
    assertTrue(same.err().contains("--preview-path: expected another file than -o names"));
    assertEquals(2, run(edit + " --preview-path DIR/pig.png").code());
  }

  private String record(String name) {
    return String.join("\n", PictureFiles.texts(file(name)).values());
  }

  /** Relative where the result lies above, a bare name elsewhere, absolute as it was given. */
  @Test
  void aResultTellsNoPathThatNobodyGave() throws IOException {
    Files.createDirectories(file("out"));
    Files.createDirectories(file("photos"));
    Files.copy(file("pig.png"), file("photos/pig.png"));
    document("photos/pig.json", "pig.png", 1);
    String rest = " -m MODEL --progress none -o DIR/";
    succeeds("edit DIR/photos/pig.json" + rest + "above.png");
    succeeds("edit DIR/photos/pig.json" + rest + "out/aside.png");
    var here = Path.of("").toAbsolutePath().relativize(file("photos/pig.png"));
    succeeds("edit DIR/pig.json -i " + here + rest + "out/named.png");
    succeeds(
        "drag " + here + " --from 9,9,24,24 --to 16,9,24,24 --steps 4" + rest + "out/drag.png");
    succeeds("edit DIR/pig.json -i DIR/photos/pig.png" + rest + "out/given.png");
    assertTrue(record("above.png").contains("\"photos/pig.png\""));
    for (var name : List.of("above.png", "out/aside.png", "out/named.png", "out/drag.png")) {
      assertFalse(record(name).contains(folder.toString()), name);
      assertTrue(record(name).contains("\"sha256\""), name);
    }
    for (var name : List.of("out/aside.png", "out/named.png", "out/drag.png")) {
      assertTrue(record(name).contains("\"pig.png\""), name);
    }
    assertTrue(record("out/given.png").contains("\"" + file("photos/pig.png") + "\""));
    assertTrue(record("above.png").contains("\"" + MODEL + "\""));
    // A model that only the document names.
    Files.createSymbolicLink(file("photos/model"), Path.of(MODEL));
    Files.writeString(
        file("photos/pig.json"),
        Files.readString(file("photos/pig.json"))
            .replace("\"seed\"", "\"model\": {\"path\": \"model\"}, \"seed\""));
    succeeds("edit DIR/photos/pig.json --progress none -o DIR/out/model.png");
    assertTrue(record("out/model.png").contains("\"path\" : \"model\""));
    var lost = run("edit DIR/out/model.png -i DIR/pig.png --progress none -o DIR/x.png");
    assertEquals(3, lost.code());
    assertTrue(lost.err().contains("out/model: expected the model that the document names"));
    assertTrue(lost.err().contains("name its folder with --model"));
  }

  /** The pictures beside a result that came from elsewhere: below, absolute, of another system. */
  @ParameterizedTest
  @ValueSource(strings = {"photos/pig.png", "/gone/photos/pig.png", "C:\\\\photos\\\\pig.png"})
  void aPictureBesideAResultIsFound(String name) throws IOException {
    succeeds("edit DIR/pig.json -m MODEL --progress none -o DIR/a.png");
    var texts = new LinkedHashMap<>(PictureFiles.texts(file("a.png")));
    texts.computeIfPresent(
        "drag-edit", (_, json) -> json.replace("\"pig.png\"", "\"" + name + "\""));
    var elsewhere = Files.createDirectories(file("elsewhere"));
    PictureFiles.writePng(PictureFiles.read(file("a.png")), elsewhere.resolve("a.png"), texts);
    String again = "edit DIR/elsewhere/a.png --progress none -o DIR/elsewhere/b.png";
    var lost = run(again);
    assertEquals(1, lost.code());
    assertTrue(lost.err().contains("no pig.png beside the document"), lost.err());
    assertTrue(lost.err().contains("name it with -i"), lost.err());
    succeeds(again + " -i DIR/pig.png");
    Files.copy(file("pig.png"), elsewhere.resolve("pig.png"));
    succeeds(again);
    assertEquals(PictureFiles.read(file("a.png")), PictureFiles.read(file("elsewhere/b.png")));
    succeeds("preview DIR/elsewhere/a.png -o DIR/elsewhere/p.png");
    PictureFiles.writePng(pig().resized(32, 32), elsewhere.resolve("pig.png"));
    var other = run(again);
    assertEquals(1, other.code());
    assertTrue(other.err().contains("with -i"), other.err());
  }

  @Test
  void aDocumentAloneNeedsNoOtherFolder() {
    // The current folder has no file of that name, and none is made or asked for.
    succeeds("drag DIR/pig.png --from 1,1,32,32 --to 9,9,32,32 --save DIR/d.json --preview proj");
    assertTrue(Files.exists(file("d.json")));
  }

  private List<String> grid(String name) throws IOException {
    try (Stream<Path> files = Files.list(file(name))) {
      return files.map(f -> String.valueOf(f.getFileName())).sorted().toList();
    }
  }

  /** Its own folder is emptied of its own things; a folder with other things is left alone. */
  @Test
  void aSweepClearsOnlyWhatItMade() throws IOException {
    String sweep = "sweep DIR/pig.json -m MODEL --progress none -o DIR/grid --seeds ";
    succeeds(sweep + 3);
    succeeds(sweep + 2);
    var two = List.of("01.png", "02.png", "sheet.png", "table.csv");
    assertEquals(two, grid("grid"));
    // A table with a note in it is the user's, and so is a picture without a record.
    Files.writeString(file("grid/table.csv"), "note", StandardOpenOption.APPEND);
    var before = files();
    var moved = succeeds(sweep + 2);
    assertTrue(moved.err().contains("holds other things; the sweep goes to"), moved.err());
    assertEquals(two, grid("grid/pig-sweep"));
    PictureFiles.writePng(pig(), file("grid/pig-sweep/01.png"));
    succeeds(sweep + 1);
    assertEquals(List.of("01.png", "sheet.png", "table.csv"), grid("grid/pig-sweep-2"));
    var after = files();
    before.forEach((name, bytes) -> assertArrayEquals(bytes, after.get(name), name));
    assertEquals(pig(), PictureFiles.read(file("grid/pig-sweep/01.png")));
    // Another document of that name has other things.
    document("other/pig.json", "pig.png", 9);
    PictureFiles.writePng(pig(), file("other/pig.png"));
    succeeds(sweep.replace("DIR/pig.json", "DIR/other/pig.json") + 1);
    assertEquals(3, grid("grid/pig-sweep-3").size());
    succeeds(sweep + 1 + " " + ALLOW);
    assertEquals(
        PictureFiles.read(file("grid/pig-sweep-2/01.png")), PictureFiles.read(file("grid/01.png")));
  }

  private String edited(String out, String more) {
    succeeds("edit DIR/docs/" + more + " -m MODEL --progress none -o DIR/" + out);
    return out;
  }

  private void docs(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      document("docs/" + i + ".json", "pig.png", i);
    }
    Files.copy(file("pig.png"), file("docs/pig.png"));
  }

  /** Other settings in between, another's picture, a picture painted over, one that is gone. */
  @Test
  void aBatchSkipsOnlyTheRightPicture() throws IOException {
    docs(3);
    String batch = "batch DIR/docs -o DIR/out -m MODEL --progress none";
    assertEquals(3, rows(succeeds(batch).out()).size());
    assertEquals("", succeeds(batch).out());
    assertEquals(3, rows(succeeds(batch + " --set method.handleNoise=0.5").out()).size());
    assertEquals(3, rows(succeeds(batch).out()).size());
    assertEquals("3 were done before\n", succeeds(batch).err());
    // As edit alone would have it.
    assertEquals("", succeeds(batch).out());
    edited("out/1.png", "1.json --seed 77");
    assertEquals(1, rows(succeeds(batch).out()).size());
    edited("alone.png", "1.json");
    assertEquals(PictureFiles.read(file("alone.png")), PictureFiles.read(file("out/1.png")));
    // Through another name of the folder, nothing is to be done.
    Files.createSymbolicLink(file("link"), Path.of("docs"));
    assertEquals("", succeeds(batch.replace("DIR/docs", "DIR/link")).out());
    // The picture that document 2 made in the place of that of document 0.
    byte[] two = Files.readAllBytes(file("out/2.png"));
    Files.write(file("out/0.png"), two);
    var rows = rows(succeeds(batch).out());
    assertEquals(1, rows.size());
    assertEquals(file("out/0-2.png").toString(), rows.getFirst().get("picture").asString());
    assertArrayEquals(two, Files.readAllBytes(file("out/0.png")));
    // A painted one is the user's.
    PictureFiles.writePng(pig(), file("out/2.png"), PictureFiles.texts(file("out/2.png")));
    var refused = run(batch);
    assertEquals(1, refused.code());
    assertTrue(refused.out().contains("replace it with --overwrite"), refused.out());
    assertEquals(pig(), PictureFiles.read(file("out/2.png")));
    succeeds(batch + " " + ALLOW);
    assertArrayEquals(two, Files.readAllBytes(file("out/2.png")));
    // Another picture, another model.
    var other = pig().rgb();
    other[0]++;
    PictureFiles.writePng(Picture.of(64, 64, other), file("docs/pig.png"));
    assertEquals(3, rows(succeeds(batch).out()).size());
    var model = Files.createDirectories(file("model"));
    copy(Path.of(MODEL), model);
    String with = batch.replace("MODEL", "DIR/model");
    assertEquals(3, rows(succeeds(with).out()).size());
    assertEquals("", succeeds(with).out());
    var weights = model.resolve("unet/diffusion_pytorch_model.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    bytes[bytes.length / 2] ^= 1;
    Files.write(weights, bytes);
    assertEquals(3, rows(succeeds(with).out()).size());
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (var file : files.filter(Files::isRegularFile).toList()) {
        var target = to.resolve(from.relativize(file).toString());
        Files.createDirectories(target.getParent());
        Files.copy(file, target);
      }
    }
  }

  @Test
  void documentsOfOneNameDoNotCollide() throws IOException {
    for (var name : List.of("a", "b", "c")) {
      document(name + "/same.json", "pig.png", name.charAt(0));
      Files.copy(file("pig.png"), file(name + "/pig.png"));
    }
    String rest = " -o DIR/out -m MODEL --progress none";
    succeeds("batch DIR/a" + rest);
    succeeds("batch DIR/b" + rest);
    byte[] a = Files.readAllBytes(file("out/same.png"));
    byte[] b = Files.readAllBytes(file("out/same-2.png"));
    assertFalse(Arrays.equals(a, b));
    // In another order, with one more, and alone again.
    assertEquals(1, rows(succeeds("batch DIR/c DIR/b DIR/a" + rest).out()).size());
    assertTrue(Files.exists(file("out/same-3.png")));
    assertEquals("", succeeds("batch DIR/b" + rest).out());
    document("a/same.json", "pig.png", 5);
    succeeds("batch DIR/b DIR/a" + rest);
    assertArrayEquals(b, Files.readAllBytes(file("out/same-2.png")));
    assertFalse(Arrays.equals(a, Files.readAllBytes(file("out/same.png"))));
  }

  @Test
  void resultsOfAnotherKindAreKept() throws IOException {
    docs(1);
    Files.createDirectories(file("out"));
    String batch = "batch DIR/docs -o DIR/out -m MODEL --progress none";
    for (var text : List.of("{\"mine\": 1}\n", "name,score\n1,2", "{\"document\":1}\n[1]\n")) {
      Files.writeString(file("out/results.jsonl"), text);
      var refused = run(batch);
      assertEquals(1, refused.code());
      assertTrue(refused.err().contains("expected results of a batch"), refused.err());
      assertEquals(text, Files.readString(file("out/results.jsonl")));
    }
    assertEquals(1, rows(succeeds(batch + " " + ALLOW).out()).size());
    assertEquals(1, Files.readAllLines(file("out/results.jsonl")).size());
  }

  @Test
  void oneDocumentForManyPictures() throws IOException {
    var photos = Files.createDirectories(file("photos"));
    for (int i = 0; i < 3; i++) {
      byte[] rgb = pig().rgb();
      rgb[i] = (byte) (rgb[i] + 1);
      PictureFiles.writePng(Picture.of(64, 64, rgb), photos.resolve("p" + i + ".png"));
    }
    String batch = "batch DIR/pig.json -i DIR/photos -o DIR/out -m MODEL";
    var first = succeeds(batch);
    var rows = rows(first.out());
    assertEquals(3, rows.size());
    for (int i = 0; i < 3; i++) {
      assertEquals(file("pig.json").toString(), rows.get(i).get("document").asString());
      assertEquals(
          photos.resolve("p" + i + ".png").toString(), rows.get(i).get("image").asString());
      assertEquals(file("out/p" + i + ".png").toString(), rows.get(i).get("picture").asString());
      assertTrue(
          first
              .err()
              .contains((i + 1) + " of 3: " + file("pig.json") + ", " + photos.resolve("p" + i)),
          first.err());
    }
    succeeds("edit DIR/pig.json -i DIR/photos/p1.png -m MODEL --progress none -o DIR/one.png");
    assertEquals(PictureFiles.read(file("one.png")), PictureFiles.read(file("out/p1.png")));
    assertEquals("", succeeds(batch).out());
    // A result that has its photo's name does not take itself for the photo.
    String again = "edit DIR/out/p1.png --progress none -o DIR/again.png";
    Files.move(photos, file("gone"));
    var lost = run(again);
    Files.move(file("gone"), photos);
    assertEquals(1, lost.code());
    assertTrue(
        lost.err().contains("got an edited picture of the same name; name the original with -i"),
        lost.err());
    succeeds(again + " -i DIR/photos/p1.png");
    assertEquals(PictureFiles.read(file("again.png")), PictureFiles.read(file("out/p1.png")));
    // Photos of the same name from elsewhere are other photos.
    PictureFiles.writePng(pig(), Files.createDirectories(file("more")).resolve("p1.png"));
    byte[] kept = Files.readAllBytes(file("out/p1.png"));
    var named = succeeds(batch.replace("DIR/photos", "DIR/more/p1.png DIR/photos/p2.png"));
    assertEquals(
        List.of(file("out/p1-2.png").toString()),
        rows(named.out()).stream().map(row -> row.get("picture").asString()).toList());
    assertArrayEquals(kept, Files.readAllBytes(file("out/p1.png")));
    // Beside the photos: they stay, and what was made of them is not edited again.
    String beside = batch.replace("DIR/out", "DIR/photos");
    assertEquals(3, rows(succeeds(beside).out()).size());
    assertTrue(Files.exists(photos.resolve("p0-2.png")));
    assertEquals("", succeeds(beside).out());
  }

  /** Photos, results, both, and a folder that is its own output. */
  @Test
  void aFolderWithoutDocumentsSaysWhatItHolds() throws IOException {
    var photos = Files.createDirectories(file("photos"));
    PictureFiles.writePng(pig(), photos.resolve("a.png"));
    PictureFiles.writePng(pig(), photos.resolve("b.PNG"));
    String batch = "batch DIR/photos -o DIR/photos -m MODEL --progress none";
    var found = run(batch);
    assertEquals(1, found.code());
    assertTrue(found.err().contains("got 2 pictures; name a document"), found.err());
    assertTrue(found.err().contains("--image " + photos), found.err());
    succeeds("edit DIR/pig.json -m MODEL --progress none -o DIR/photos/c.png");
    assertTrue(run(batch).err().contains("got 3 pictures, 1 of them with a document inside"));
    Files.delete(photos.resolve("a.png"));
    Files.delete(photos.resolve("b.PNG"));
    assertTrue(run(batch).err().contains("make one again with edit and -i"));
    var again = rows(succeeds("batch DIR/photos/c.png -o DIR/again -i DIR/pig.png -m MODEL").out());
    assertEquals(file("again/pig.png").toString(), again.getFirst().get("picture").asString());
    assertEquals(List.of("c.png"), grid("photos"));
    // Beside its own picture, which has the document's name, a document's picture has another.
    document("same/pig.json", "pig.png", 3);
    PictureFiles.writePng(pig(), file("same/pig.png"));
    String same = "batch DIR/same -o DIR/same -m MODEL --progress none";
    succeeds(same);
    assertEquals(List.of("pig-2.png", "pig.json", "pig.png", "results.jsonl"), grid("same"));
    assertEquals(pig(), PictureFiles.read(file("same/pig.png")));
    assertEquals("", succeeds(same).out());
    assertNotEquals(pig(), PictureFiles.read(file("same/pig-2.png")));
  }
}
