package org.drag4j.document;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.Border;
import org.drag4j.geometry.Drag;
import org.drag4j.geometry.Drawing;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.Move;
import org.drag4j.geometry.Overlap;
import org.drag4j.geometry.Pairing;
import org.drag4j.geometry.Point;
import org.drag4j.geometry.Polygon;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.Task;
import org.drag4j.geometry.View;
import org.drag4j.method.Documents;
import org.drag4j.method.Methods;
import org.drag4j.method.RegionDrag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class EditDocumentTest {
  private static final String DRAG =
      """
      {"handle": {"polygon": [[10,10],[40,10],[40,40]]},
       "target": {"polygon": [[20,10],[50,10],[50,40.5]]}}\
      """;

  static final String FULL =
      """
      { "format": "drag-edit/1",
        "image": { "file": "pictures/cat.png",
          "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" },
        "prompt": "a \\"cat\\", größer",
        "mask": { "polygon": [[0,0],[64,0],[64,64],[0,64]] },
        "drags": [
          { "name": "left ear",
            "handle": { "polygon": [[11.25,8],[15,6.2],[17.1,11.8]] },
            "target": { "polygon": [[9.8,-5.2],[14,3],[16.8,9.6]] },
            "mapping": "affine" },
          { "name": "nose",
            "handle": { "polygon": [[20,20],[40,20],[40,40],[20,40]] },
            "target": { "polygon": [[22,22],[44,20],[40,44],[20,40]] },
            "mapping": "perspective" },
          { "handle": { "png": "tail.png" }, "target": { "png": "masks/to.png" } },
          { "handle": { "polygon": [[20,9],[31,9],[31,21],[20,21]] },
            "points": [ { "from": [25,15], "to": [28,15.5] } ],
            "mapping": "points" },
          { "handle": { "rectangle": [4.5,6,16,16.25] },
            "target": { "ellipse": { "center": [40,40], "radii": [12,8.5], "angle": -30 } } },
          { "handle": { "brush": { "radius": 3.5, "strokes": [[[8,8],[20,12.5]],[[30,30]]] } },
            "target": { "ellipse": { "center": [20,30], "radii": [9,9] } } },
          { "handle": { "points": [[1,1],[9.5,1]] }, "target": { "points": [[33,41],[63,63]] },
            "mapping": "cells" },
          { "handle": { "png": "data:image/png;base64,QUJD" },
            "target": { "rectangle": [1,2,30,40] } } ],
        "working": { "size": 48, "crop": false, "margin": 12.5, "feather": 3 },
        "method": { "name": "regiondrag", "steps": 30, "start": 0.7, "end": 0.25,
          "copy": "stop-at-end", "handleNoise": 0.6, "variant": "cp-then-encode",
          "layers": "up_blocks.1.*", "injectSteps": [2, 9], "injectStrength": 0.75,
          "fill": "neighbours", "overlap": "winner-takes-all", "guidance": 2.5,
          "negativePrompt": "a dog", "faithful": true, "batched": true },
        "model": { "path": "models/sd15" },
        "seed": 9223372036854775807 }\
      """;

  private static RegionMask mask(String name) {
    byte[] values = new byte[64 * 64];
    Arrays.fill(values, name.equals("tail.png") ? 0 : 2048, 2048, (byte) 1);
    values[4000] = 1;
    return RegionMask.of(64, 64, values);
  }

  private static EditDocument parse(String json) {
    return Documents.parse("cat.json", json.getBytes(StandardCharsets.UTF_8));
  }

  private static String with(String more) {
    return "{\"format\": \"drag-edit/1\", \"image\": {\"file\": \"a.png\"}, \"drags\": ["
        + DRAG
        + "]"
        + (more.isEmpty() ? "" : ", " + more)
        + "}";
  }

  private static String drag(String drag) {
    return "{\"format\": \"drag-edit/1\", \"image\": {\"file\": \"a.png\"}, \"drags\": ["
        + DRAG
        + ", "
        + drag
        + "]}";
  }

  private static String handle(String area) {
    return drag("{\"handle\": " + area + ", \"target\": {\"polygon\": [[0,0],[9,0],[9,9]]}}");
  }

  @Test
  void readsEveryField() {
    var document =
        Documents.parse("cat.json", FULL.getBytes(StandardCharsets.UTF_8), EditDocumentTest::mask);
    assertEquals("pictures/cat.png", document.image().file());
    assertEquals("a \"cat\", größer", document.prompt());
    assertEquals(
        List.of(
            Drag.Kind.AFFINE,
            Drag.Kind.PERSPECTIVE,
            Drag.Kind.REGION,
            Drag.Kind.POINTS,
            Drag.Kind.REGION,
            Drag.Kind.REGION,
            Drag.Kind.CELLS,
            Drag.Kind.REGION),
        document.drags().stream().map(Drag::mapping).toList());
    assertEquals("left ear", document.drags().getFirst().name());
    var ear =
        assertInstanceOf(Area.Outline.class, document.drags().getFirst().handle().orElseThrow());
    assertEquals(new Point(11.25, 8), ear.polygon().vertices().getFirst());
    var tail = assertInstanceOf(Area.Painted.class, document.drags().get(2).handle().orElseThrow());
    assertEquals(2049, tail.pixels().count());
    assertEquals(
        Methods.named(
            new RegionDrag(
                30,
                0.7,
                0.25,
                RegionDrag.Copy.STOP_AT_END,
                0.6,
                RegionDrag.Variant.CP_THEN_ENCODE,
                "up_blocks.1.*",
                new StepRange(2, 9),
                0.75,
                RegionDrag.Fill.NEIGHBOURS,
                Overlap.WINNER_TAKES_ALL,
                Border.SQUEEZED,
                Pairing.AS_RELEASED,
                2.5,
                "a dog",
                true,
                true)),
        document.method());
    assertEquals(
        new EditDocument.Working(
            Optional.of(48),
            false,
            false,
            EditDocument.Windows.ONE,
            Optional.empty(),
            Optional.of(12.5),
            Optional.of(3.0),
            EditDocument.Seams.PLAIN,
            0),
        document.working());
    assertEquals(
        new Area.Ellipse(new Point(40, 40), 12, 8.5, -30),
        document.drags().get(4).target().orElseThrow());
    assertEquals(
        new Area.Brush(
            3.5,
            List.of(List.of(new Point(8, 8), new Point(20, 12.5)), List.of(new Point(30, 30)))),
        document.drags().get(5).handle().orElseThrow());
    assertEquals(
        new Area.Points(List.of(new Point(1, 1), new Point(9.5, 1))),
        document.drags().get(6).handle().orElseThrow());
    assertEquals(Optional.of("models/sd15"), document.model());
    assertEquals(Long.MAX_VALUE, document.seed());
    assertTrue(document.mask().isPresent());
  }

  @Test
  void takesDefaults() {
    var document = parse("\ufeff" + with(""));
    assertEquals("", document.prompt());
    assertEquals(
        Methods.named(
            new RegionDrag(
                20,
                0.5,
                0.2,
                RegionDrag.Copy.AS_RELEASED,
                1.0,
                RegionDrag.Variant.ENCODE_THEN_CP,
                "all",
                new StepRange(0, 1000),
                1,
                RegionDrag.Fill.NONE,
                Overlap.LATER_WINS,
                Border.SQUEEZED,
                Pairing.AS_RELEASED,
                1,
                "",
                false,
                false)),
        document.method());
    assertEquals(
        new EditDocument.Working(
            Optional.empty(),
            false,
            true,
            EditDocument.Windows.ONE,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            EditDocument.Seams.PLAIN,
            0),
        document.working());
    assertEquals(42, document.seed());
    assertEquals(Drag.Kind.REGION, document.drags().getFirst().mapping());
    assertEquals(Optional.empty(), document.mask());
  }

  @Test
  void writesWhatItReads() {
    var document =
        Documents.parse("cat.json", FULL.getBytes(StandardCharsets.UTF_8), EditDocumentTest::mask);
    byte[] written = document.toJson().getBytes(StandardCharsets.UTF_8);
    assertEquals(document, Documents.parse("again", written, EditDocumentTest::mask));
    var odd =
        Documents.of(
            new EditDocument.Image("a\n\"b.png", Optional.empty()),
            "\u0000\u2028",
            List.of(
                Drag.region(
                    new Area.Outline(
                        Polygon.of(
                            new double[] {-0.0, 0.1 + 0.2},
                            new double[] {1e-7, 3},
                            new double[] {65536, -65536})),
                    new Area.Outline(
                        Polygon.of(
                            new double[] {0, 0},
                            new double[] {1, 3},
                            new double[] {1 / 3.0, 5})))));
    assertEquals(odd, parse(odd.toJson()));
  }

  static Stream<Arguments> bad() {
    String deepList = "[".repeat(100_000) + "]".repeat(100_000);
    String deepObject = "{\"image\":".repeat(100_000) + "1" + "}".repeat(100_000);
    String many = "[[0,0]" + ",[1,1]".repeat(1024) + "]";
    return Stream.of(
        Arguments.of("", "the document: expected an object {...}, got the end of the text"),
        Arguments.of("[]", "the document: expected an object {...}, got a list; correct it"),
        Arguments.of("{", "line 1, column 2: expected finite numbers, quoted text, and brackets"),
        Arguments.of("{}", "format: expected \"drag-edit/2\", got nothing; add it"),
        Arguments.of(
            "{\"format\": \"drag-edit/3\"}",
            "format: expected one of \"drag-edit/1\", \"drag-edit/2\", got \"drag-edit/3\"; correct"
                + " it"),
        Arguments.of(
            "{\"format\": \"drag-edit/1\"}", "image: expected {\"file\": ...}, got nothing"),
        Arguments.of(
            "{\"format\": \"drag-edit/1\", \"image\": {\"file\": \"a\"}}",
            "drags: expected 1 to 1000 of them, got 0; draw one"),
        Arguments.of(with("") + "x", "line 2, column 55: expected finite numbers"),
        Arguments.of(with("") + "[]", "the document: expected nothing after its last bracket"),
        Arguments.of(deepList, "the document: expected an object {...}, got a list"),
        Arguments.of(deepObject, "image.image: expected one of file, sha256, got an unknown"),
        Arguments.of(
            handle("{\"polygon\": " + deepList + "}"),
            "drags[1].handle.polygon[0][0]: expected a number from -65536 to 65536, got a list"),
        Arguments.of(
            handle("{\"polygn\": [[0,0],[9,0],[9,9]]}"),
            "drags[1].handle.polygn: expected one of polygon, rectangle, ellipse, brush, png,"
                + " points, got an unknown field; did you mean polygon?"),
        Arguments.of(
            drag("{\"handel\": 1}"), "drags[1].handel: expected one of name, handle, target,"),
        Arguments.of(with("\"zzzzzz\": 1"), "zzzzzz: expected one of format, image,"),
        Arguments.of(with("\"a\\nb\": 1"), "a\\u000ab: expected one of format, image,"),
        Arguments.of(
            with("\"method\": {\"end\": 2}"), "method.end: expected a number from 0 to 1, got 2"),
        Arguments.of(
            with("\"method\": {\"copy\": \"never\"}"),
            "method.copy: expected one of \"as-released\", \"stop-at-end\", got \"never\""),
        Arguments.of(
            with("\"method\": {\"layers\": \"up blocks\"}"),
            "method.layers: expected \"all\", \"decoder\" or a module path with *, got \"up"),
        Arguments.of(
            with("\"method\": {\"injectSteps\": [5, 3]}"),
            "method.injectSteps: expected [first, end] in order, 0 to 1000, got [5, 3]"),
        Arguments.of(
            with("\"method\": {\"injectSteps\": [0.5, 3]}"),
            "method.injectSteps: expected whole numbers, got fractions; round them"),
        Arguments.of(
            with("\"method\": {\"injectStrength\": 1.5}"),
            "method.injectStrength: expected a number from 0 to 1, got 1.5"),
        Arguments.of(
            with("\"method\": {\"guidance\": 101}"),
            "method.guidance: expected a number from 0 to 100, got 101"),
        Arguments.of(
            with("\"method\": {\"fill\": 1}"),
            "method.fill: expected one of \"none\", \"noise\", \"neighbours\", \"smooth\", got 1"),
        Arguments.of(
            with("\"model\": {\"id\": \"x\"}"),
            "model.id: expected what is implemented, got a field for a later version, not"
                + " implemented yet"),
        Arguments.of(
            drag("{\"mapping\": \"Region\"}"),
            "drags[1].mapping: expected one of \"region\", \"affine\", \"perspective\","
                + " \"points\", \"cells\", got \"Region\""),
        Arguments.of(
            with("\"seed\": 1, \"seed\": 2"),
            "line 2, column 73: expected every field once, got Duplicate Object property"),
        Arguments.of(with("\"seed\": -1"), "seed: expected a whole number from 0 to 9223372036854"),
        Arguments.of(with("\"seed\": 9223372036854775808"), "seed: expected a whole number from"),
        Arguments.of(with("\"seed\": 1.0"), "seed: expected a whole number from 0 to"),
        Arguments.of(with("\"prompt\": null"), "prompt: expected a text in quotes, got null"),
        Arguments.of(
            with("\"prompt\": \"" + "x".repeat(16_385) + "\""),
            "prompt: expected at most 16384 characters, got 16385; shorten it"),
        Arguments.of(
            with("\"method\": {\"steps\": 0}"),
            "method.steps: expected a whole number from 1 to 999, got 0"),
        Arguments.of(
            with("\"method\": {\"start\": 1}"),
            "method.start: expected less than all steps, got 1.0 of 20 steps"),
        Arguments.of(
            with("\"method\": {\"name\": \"dragdiffusion\"}"),
            "method.name: expected \"regiondrag\", got \"dragdiffusion\""),
        Arguments.of(
            with("\"method\": {\"handleNoise\": 1e999}"),
            "method.handleNoise: expected a number from 0 to 10, got 1e999"),
        Arguments.of(
            with("\"method\": {\"faithful\": \"true\"}"),
            "method.faithful: expected true or false, got \"true\""),
        Arguments.of(handle("{\"polygon\": [[NaN,0],[9,0],[9,9]]}"), "expected finite numbers"),
        Arguments.of(
            handle("{\"polygon\": [[1e300,0],[9,0],[9,9]]}"),
            "drags[1].handle.polygon[0][0]: expected a number from -65536 to 65536, got 1e300"),
        Arguments.of(
            handle("{\"polygon\": [[1],[9,0],[9,9]]}"),
            "drags[1].handle.polygon[0]: expected two numbers [x, y]"),
        Arguments.of(
            handle("{\"polygon\": [[1,2,3],[9,0],[9,9]]}"),
            "drags[1].handle.polygon[0]: expected two numbers [x, y], got 3"),
        Arguments.of(
            handle("{\"polygon\": [[1,2],[9,0]]}"),
            "drags[1].handle.polygon: expected at least 3 points, got 2; "),
        Arguments.of(
            handle("{\"polygon\": " + many + "}"),
            "drags[1].handle.polygon: expected at most 1024, got more; leave some out"),
        Arguments.of(
            handle("{}"),
            "drags[1].handle: expected a region: polygon, rectangle, ellipse, brush, png, points,"
                + " got nothing; add it"),
        Arguments.of(
            handle("{\"rectangle\": [1, 2, 3]}"),
            "drags[1].handle.rectangle: expected four numbers [x, y, width, height], got a list"),
        Arguments.of(
            handle("{\"rectangle\": [1, 2, 3, 0]}"),
            "drags[1].handle.rectangle: expected a size above 0, got 3 and 0; enlarge it"),
        Arguments.of(
            handle("{\"ellipse\": {\"radii\": [3, 4]}}"),
            "drags[1].handle.ellipse.center: expected two numbers [x, y], got nothing; add it"),
        Arguments.of(
            handle("{\"ellipse\": {\"center\": [3, 4]}}"),
            "drags[1].handle.ellipse.radii: expected two numbers [x, y], got nothing; add it"),
        Arguments.of(
            handle("{\"ellipse\": {\"center\": [3, 4], \"radii\": [-1, 1]}}"),
            "drags[1].handle.ellipse.radii: expected a size above 0, got -1 and 1; enlarge it"),
        Arguments.of(
            handle("{\"ellipse\": {\"center\": [3, 4], \"radii\": [1, 1], \"angle\": 400}}"),
            "drags[1].handle.ellipse.angle: expected a number from -360 to 360, got 400"),
        Arguments.of(
            handle("{\"brush\": {\"strokes\": [[[1, 1]]]}}"),
            "drags[1].handle.brush.radius: expected a number of pixels, got nothing; add it"),
        Arguments.of(
            handle("{\"brush\": {\"radius\": 0, \"strokes\": [[[1, 1]]]}}"),
            "drags[1].handle.brush.radius: expected a size above 0, got 0; enlarge it"),
        Arguments.of(
            handle("{\"brush\": {\"radius\": 2, \"strokes\": [[[1, 1]], []]}}"),
            "drags[1].handle.brush.strokes: expected a point at least in each, got none; paint"),
        Arguments.of(
            handle(
                "{\"brush\": {\"radius\": 2, \"strokes\": [["
                    + "[1,1],".repeat(4095)
                    + "[1,1]],[[2,2]]]}}"),
            "drags[1].handle.brush.strokes: expected at most 4096 points in all, got 4097; paint"),
        Arguments.of(
            handle("{\"points\": []}"),
            "drags[1].handle.points: expected a point at least, got none; add one"),
        Arguments.of(
            handle("{\"png\": \"data:image/png;base64,AAAA\"}"),
            "drags[1].handle.png: \"data:image/png;base64,AAAA\": expected a document without"),
        Arguments.of(
            drag(
                "{\"handle\": {\"points\": [[1,1]]}, \"target\": {\"polygon\":"
                    + " [[0,0],[9,0],[9,9]]}, \"mapping\": \"cells\"}"),
            "drags[1].target: expected points with mapping \"cells\", got polygon; list a point in"
                + " every cell"),
        Arguments.of(
            drag(
                "{\"handle\": {\"points\": [[1,1]]}, \"target\": {\"points\": [[9,9],[1,1]]},"
                    + " \"mapping\": \"cells\"}"),
            "drags[1].target.points: expected as many as the handle has, 1, got 2; pair them"),
        Arguments.of(
            drag(
                "{\"handle\": {\"ellipse\": {\"center\": [9,9], \"radii\": [5,5]}},"
                    + " \"target\": {\"rectangle\": [1,1,9,9]}, \"mapping\": \"perspective\"}"),
            "drags[1].handle: expected a polygon of 4 vertices with mapping \"perspective\", got"
                + " ellipse; choose"),
        Arguments.of(
            with("\"working\": {\"size\": 4}"),
            "working.size: expected a whole number from 8 to 4096, got 4"),
        Arguments.of(
            with("\"working\": {\"margin\": -1}"),
            "working.margin: expected a number from 0 to 4096, got -1"),
        Arguments.of(
            with("\"working\": {\"feather\": \"soft\"}"),
            "working.feather: expected a number from 0 to 4096, got \"soft\""),
        Arguments.of(
            with("\"working\": {\"crop\": 1}"), "working.crop: expected true or false, got 1"),
        Arguments.of(
            with("\"working\": {\"sise\": 1}"),
            "working.sise: expected one of size, crop, margin, feather, got an unknown field; did"
                + " you mean size?"),
        Arguments.of(
            handle("{\"polygon\": [[1,2],[9,0],[9,9]], \"png\": \"a.png\"}"),
            "drags[1].handle: expected one kind of region, got polygon and png; remove one of"
                + " them"),
        Arguments.of(
            handle("{\"png\": \"a.png\"}"),
            "drags[1].handle.png: \"a.png\": expected a document without painted masks"),
        Arguments.of(
            handle("{\"png\": \"../a.png\"}"),
            "drags[1].handle.png: expected a relative file name without .., got \"../a.png\""),
        Arguments.of(
            handle("{\"png\": \"C:\\\\a.png\"}"),
            "drags[1].handle.png: expected a relative file name without .., got \"C:\\a.png\""),
        Arguments.of(
            "{\"format\": \"drag-edit/1\", \"image\": {\"file\": \"a/../../b.png\"}}",
            "image.file: expected a relative file name without .., got \"a/../../b.png\""),
        Arguments.of(
            "{\"image\": {\"file\": \"b.png\", \"sha256\": \"12\"}}",
            "image.sha256: expected 64 lower case hexadecimal digits, got \"12\""),
        Arguments.of(
            drag("{\"handle\": {\"polygon\": [[0,0],[9,0],[9,9]]}}"),
            "drags[1].target: expected a region with mapping \"region\", got none"),
        Arguments.of(
            drag("{\"handle\": {\"polygon\": [[0,0],[9,0],[9,9]]}, \"mapping\": \"points\"}"),
            "drags[1].points: expected 1 to 1024 arrows with mapping \"points\", got 0"),
        Arguments.of(
            drag(DRAG.substring(0, DRAG.length() - 1) + ", \"mapping\": \"points\"}"),
            "drags[1].target: expected none with mapping \"points\", got a region"),
        Arguments.of(
            drag(
                DRAG.substring(0, DRAG.length() - 1)
                    + ", \"points\": [{\"from\": [1,1], \"to\": [2,2]}]}"),
            "drags[1].points: expected none with mapping \"region\", got 1 arrows"),
        Arguments.of(
            drag(DRAG.substring(0, DRAG.length() - 1) + ", \"mapping\": \"perspective\"}"),
            "drags[1].handle.polygon: expected a polygon of 4 vertices with mapping"
                + " \"perspective\", got 3; choose the mapping \"region\" for other shapes"),
        Arguments.of(
            drag(
                "{\"handle\": {\"polygon\": [[0,0],[9,0],[9,9],[0,9]]}, \"mapping\": \"affine\","
                    + "\"target\": {\"polygon\": [[0,0],[9,0],[9,9],[0,9]]}}"),
            "drags[1].handle.polygon: expected a polygon of 3 vertices with mapping \"affine\""),
        Arguments.of(
            drag(
                "{\"handle\": {\"polygon\": [[0,0],[5,5],[9,9]]}, \"mapping\": \"affine\","
                    + "\"target\": {\"polygon\": [[0,0],[9,0],[9,9]]}}"),
            "drags[1].mapping: polygon pair: expected a handle without three vertices on one"));
  }

  @ParameterizedTest
  @MethodSource("bad")
  void refuses(String json, String message) {
    var e = assertThrows(EditDocumentException.class, () -> parse(json));
    String got = String.valueOf(e.getMessage());
    assertTrue(got.startsWith("cat.json: "), got);
    assertTrue(got.contains(message), () -> "expected " + message + "\n     got " + got);
    assertFalse(got.contains("\n"), got);
    assertTrue(got.length() < 500, got);
  }

  @ParameterizedTest
  @MethodSource("bad")
  void refusesInTheSecondFormatToo(String json, String message) {
    // It knows all methods.
    String names = String.join("\", \"", Methods.names());
    refuses(
        second(json),
        message
            .replace("expected \"regiondrag\"", "expected one of \"" + names + "\"")
            .replace("\"points\", \"cells\"", "\"points\", \"move\", \"cells\"")
            .replace(
                "expected one of size, crop, margin, feather",
                "expected one of size, enlarge, crop, windows, zoom, margin, feather, seams,"
                    + " detail"));
  }

  /** What came with the second format an old document cannot say, and a result of it does. */
  @Test
  void theFirstFormatSqueezesAndEnlargesNothing() {
    var first = parse(with(""));
    var second = parse(second(with("")));
    assertEquals(Border.SQUEEZED, Methods.of(first).border());
    assertEquals(Border.CUT, Methods.of(second).border());
    assertFalse(first.working().enlarge());
    assertTrue(second.working().enlarge());
    assertEquals(Pairing.AS_RELEASED, Methods.of(first).pairing());
    assertEquals(Pairing.NEAREST, Methods.of(second).pairing());
    assertEquals(EditDocument.Windows.ONE, first.working().windows());
    assertEquals(EditDocument.Windows.FITTED, second.working().windows());
    var written = parse(first.toJson());
    assertEquals(Border.SQUEEZED, Methods.of(written).border());
    assertFalse(written.working().enlarge());
    assertEquals(Pairing.AS_RELEASED, Methods.of(written).pairing());
    assertEquals(EditDocument.Windows.ONE, written.working().windows());
    var faithful = "\"method\": {\"faithful\": true}";
    assertEquals(Border.SQUEEZED, Methods.of(parse(second(with(faithful)))).border());
    assertEquals(Pairing.AS_RELEASED, Methods.of(parse(second(with(faithful)))).pairing());
    assertTrue(
        message(() -> parse(with("\"method\": {\"border\": \"cut\"}")))
            .startsWith("cat.json: method.border: expected one of name, steps, start,"));
    assertTrue(
        message(() -> parse(with("\"working\": {\"enlarge\": true}")))
            .startsWith("cat.json: working.enlarge: expected one of size, crop, margin, feather"));
    assertTrue(
        message(() -> parse(with("\"working\": {\"windows\": \"fitted\"}")))
            .startsWith("cat.json: working.windows: expected one of size, crop, margin, feather"));
  }

  private static String second(String json) {
    return json.replace("drag-edit/1", "drag-edit/2");
  }

  @Test
  void theSecondFormatHasFurtherPictures() {
    String pictures = "\"pictures\": [{\"file\": \"b.png\"}, {\"file\": \"c/d.png\"}]";
    var document = parse(second(with(pictures)));
    assertEquals(
        List.of(
            new EditDocument.Image("b.png", Optional.empty()),
            new EditDocument.Image("c/d.png", Optional.empty())),
        document.pictures());
    assertEquals(document, parse(document.toJson()));
    assertEquals(
        List.of("x/b.png", "x/c/d.png"),
        document
            .withPictures(other -> new EditDocument.Image("x/" + other.file(), other.sha256()))
            .pictures()
            .stream()
            .map(EditDocument.Image::file)
            .toList());
    // Wherever the format stands.
    assertEquals(
        document,
        parse(
            second(with(pictures))
                .replace("\"format\": \"drag-edit/2\", ", "")
                .replaceFirst("}$", ", \"format\": \"drag-edit/2\"}")));
    assertTrue(
        message(() -> parse(with(pictures)))
            .startsWith("cat.json: pictures: expected one of format, image, prompt, mask, drags,"));
    assertEquals(
        "cat.json: pictures: expected at most 8, got more; leave some out",
        message(() ->
            parse(
                second(
                    with(
                        "\"pictures\": ["
                            + "{\"file\": \"b.png\"},".repeat(8)
                            + "{\"file\": \"b.png\"}]")))));
    assertEquals(
        "cat.json: pictures[0].file: expected a relative file name without .., got \"../b.png\";"
            + " correct it",
        message(() -> parse(second(with("\"pictures\": [{\"file\": \"../b.png\"}]"))))
            .replaceFirst("; .*", "; correct it"));
  }

  @Test
  void theSecondFormatHasArrowsWithoutAHandle() {
    String arrows = "\"points\": [{\"from\": [1,1], \"to\": [2,2]}]";
    String bare = drag("{" + arrows + ", \"mapping\": \"points\"}");
    var document = parse(second(bare));
    assertEquals(Optional.empty(), document.drags().get(1).handle());
    assertEquals(document, parse(document.toJson()));
    String missing = "cat.json: drags[1].handle: expected the region to move, got nothing; add it";
    assertEquals(missing, message(() -> parse(bare)));
    assertEquals(missing, message(() -> parse(second(drag("{" + arrows + "}")))));
    assertEquals(
        "cat.json: drags[1].points: expected 1 to 1024 arrows with mapping \"points\", got 0; give"
            + " at least one that starts on the handle",
        message(() -> parse(second(drag("{\"mapping\": \"points\"}")))));
    // A method that moves regions cannot do anything with it.
    assertThrows(IllegalArgumentException.class, () -> document.drags().get(1).requireHandle());
  }

  private static String move(String more) {
    return drag("{\"handle\": {\"ellipse\": {\"center\": [9,9], \"radii\": [5,5]}}, " + more + "}");
  }

  @Test
  void theSecondFormatHasMoves() {
    String full =
        "\"move\": {\"by\": [3, -0.5], \"rotate\": -30, \"scale\": 1.5, \"about\": [8, 9.5]}";
    var document = parse(second(move(full)));
    var drag = document.drags().get(1);
    assertEquals(Drag.Kind.MOVE, drag.mapping());
    assertEquals(
        Optional.of(new Move(new Point(3, -0.5), -30, 1.5, Optional.of(new Point(8, 9.5)))),
        drag.move());
    assertEquals(document, parse(document.toJson()));
    assertEquals(document, parse(second(move(full + ", \"mapping\": \"move\""))));
    var turned = parse(second(move("\"move\": {\"rotate\": 10}")));
    assertEquals(
        Optional.of(new Move(new Point(0, 0), 10, 1, Optional.empty())),
        turned.drags().get(1).move());
    assertEquals(turned, parse(turned.toJson()));
    assertEquals(turned, turned.withMasks(mask -> mask));
    String unknown =
        "cat.json: drags[1].move: expected one of name, handle, target, points, mapping";
    assertTrue(message(() -> parse(move(full))).startsWith(unknown));
    assertTrue(
        message(() -> parse(move("\"mapping\": \"move\"")))
            .startsWith("cat.json: drags[1].mapping: expected one of \"region\", \"affine\","));
  }

  static Stream<Arguments> badMoves() {
    return Stream.of(
        Arguments.of(
            "{}", ": expected a shift, a turn or another size, got none of them; give by,"),
        Arguments.of("{\"about\": [1, 1]}", ": expected a shift, a turn or another size, got none"),
        Arguments.of(
            "{\"by\": [0, -0.0], \"rotate\": 360, \"scale\": 1.0}", ": expected a shift, a"),
        Arguments.of("null", ": expected an object {...}, got null; correct it"),
        Arguments.of("[4, 4]", ": expected an object {...}, got a list; correct it"),
        Arguments.of("{\"by\": 8}", ".by: expected two numbers [x, y], got 8; correct it"),
        Arguments.of("{\"by\": [8]}", ".by: expected two numbers [x, y]"),
        Arguments.of("{\"by\": [8, \"0\"]}", ".by[1]: expected a number from -65536 to 65536, got"),
        Arguments.of("{\"by\": [8, 1e308]}", ".by[1]: expected a number from -65536 to 65536, got"),
        Arguments.of(
            "{\"about\": [-65537, 0]}", ".about[0]: expected a number from -65536 to 65536"),
        Arguments.of("{\"rotate\": 361}", ".rotate: expected a number from -360 to 360, got 361"),
        Arguments.of(
            "{\"rotate\": -1e999}", ".rotate: expected a number from -360 to 360, got -1e9"),
        Arguments.of("{\"rotate\": true}", ".rotate: expected a number from -360 to 360, got true"),
        Arguments.of("{\"scale\": 0}", ".scale: expected a number from 0.05 to 20, got 0; correct"),
        Arguments.of("{\"scale\": -1}", ".scale: expected a number from 0.05 to 20, got -1"),
        Arguments.of("{\"scale\": 1e308}", ".scale: expected a number from 0.05 to 20, got 1e308"),
        Arguments.of(
            "{\"scale\": [2, 2]}", ".scale: expected a number from 0.05 to 20, got a list"),
        Arguments.of("{\"turn\": 5}", ".turn: expected one of by, rotate, scale, about, got an"),
        Arguments.of("{\"rotat\": 5}", ".rotat: expected one of by, rotate, scale, about, got an"));
  }

  @ParameterizedTest
  @MethodSource("badMoves")
  void refusesMoves(String json, String message) {
    String got = message(() -> parse(second(move("\"move\": " + json))));
    assertTrue(got.startsWith("cat.json: drags[1].move" + message), got);
  }

  @Test
  void aMoveStandsInPlaceOfATarget() {
    String move = "\"move\": {\"rotate\": 5}, ";
    String target = "\"target\": {\"rectangle\": [1, 1, 9, 9]}";
    String arrows = "\"points\": [{\"from\": [1,1], \"to\": [2,2]}]";
    assertEquals(
        "cat.json: drags[1].target: expected none with mapping \"move\", got a region; remove it,"
            + " or remove the move",
        message(() -> parse(second(move(move + target)))));
    assertEquals(
        "cat.json: drags[1].points: expected none with mapping \"move\", got 1 arrows; remove them,"
            + " or remove the move",
        message(() -> parse(second(move(move + arrows)))));
    assertEquals(
        "cat.json: drags[1].move: expected none with mapping \"region\", got one; remove it, or"
            + " choose the mapping \"move\"",
        message(() -> parse(second(move(move + target + ", \"mapping\": \"region\"")))));
    assertEquals(
        "cat.json: drags[1].move: expected none with mapping \"points\", got one; remove it, or"
            + " choose the mapping \"move\"",
        message(() -> parse(second(move(move + arrows + ", \"mapping\": \"points\"")))));
    assertEquals(
        "cat.json: drags[1].move: expected by, rotate or scale with mapping \"move\", got nothing;"
            + " say how the handle moves",
        message(() -> parse(second(move("\"mapping\": \"move\"")))));
    assertEquals(
        "cat.json: drags[1].handle: expected the region to move, got nothing; add it",
        message(() -> parse(second(drag("{\"move\": {\"rotate\": 5}}")))));
    assertEquals(
        "cat.json: drags[1].handle: expected a region that is drawn with mapping \"move\", got"
            + " points; draw it, or pair cells with the mapping \"cells\"",
        message(() ->
            parse(second(drag("{\"handle\": {\"points\": [[1,1]]}, \"move\": {\"rotate\": 5}}")))));
  }

  @Test
  void refusesOtherEncodingsAndTooMuch() {
    assertAll(
        () -> {
          byte[] latin = with("\"prompt\": \"ä\"").getBytes(StandardCharsets.ISO_8859_1);
          var e =
              assertThrows(EditDocumentException.class, () -> Documents.parse("cat.json", latin));
          assertEquals(
              "cat.json: expected JSON text in UTF-8, got other bytes; check that it is an edit"
                  + " document",
              e.getMessage());
        },
        () -> {
          byte[] huge = new byte[(16 << 20) + 1];
          Arrays.fill(huge, (byte) ' ');
          var e =
              assertThrows(EditDocumentException.class, () -> Documents.parse("cat.json", huge));
          assertTrue(String.valueOf(e.getMessage()).contains("expected at most 16777216 bytes"));
        },
        () -> {
          var e =
              assertThrows(
                  EditDocumentException.class,
                  () -> parse(with("\"drags\": [" + DRAG + "]").replace("\"image\"", "\"seed\"")));
          assertTrue(String.valueOf(e.getMessage()).contains("seed: expected a whole number"));
        },
        () -> {
          var e =
              assertThrows(
                  EditDocumentException.class, () -> parse(with("\"seed\": 1, \"seed\": 2")));
          assertTrue(String.valueOf(e.getMessage()).contains("expected every field once"));
        });
  }

  @Test
  void readsFiles(@TempDir Path folder) throws Exception {
    var file = folder.resolve("a.json");
    var missing = assertThrows(EditDocumentException.class, () -> Documents.read(file));
    assertTrue(String.valueOf(missing.getMessage()).contains("got no such file"));
    var directory = assertThrows(EditDocumentException.class, () -> Documents.read(folder));
    assertTrue(String.valueOf(directory.getMessage()).contains("got a folder"));
    Files.writeString(file, with(""));
    assertEquals(parse(with("")), Documents.read(file));
  }

  private static Drawing drawing(EditDocument document, int width, int height) {
    return Drawing.of(document.drags(), document.mask(), width, height);
  }

  private static Mapping cells(EditDocument document, int width, int height, int nativeSize) {
    var drawing = drawing(document, width, height);
    return new Task(drawing, drawing.window(nativeSize, 8), Border.CUT, Pairing.AS_RELEASED)
        .merged(Overlap.LATER_WINS)
        .cells();
  }

  @Test
  void checksRegionsAgainstThePicture() {
    var _ = drawing(parse(with("")), 64, 64);
    var _ = cells(parse(with("")), 64, 64, 128);
    // A picture that is checked reduced.
    var _ = drawing(parse(with("")), 10_000, 10_000);
    var outside =
        drag(
            "{\"handle\": {\"polygon\": [[100,100],[140,100],[140,140]]},"
                + "\"target\": {\"polygon\": [[0,0],[9,0],[9,9]]}}");
    assertEquals(
        "drags[1].handle: expected a region that overlaps the picture of 64x64, got one wholly"
            + " outside; coordinates are pixels of the picture, (0, 0) at its top left",
        message(() -> drawing(parse(outside), 64, 64)));
    var _ = drawing(parse(outside), 120, 120);
    // Its bounding box overlaps the picture, the triangle itself does not.
    var corner = with("\"mask\": {\"polygon\": [[200,-100],[200,200],[-100,200]]}");
    assertTrue(message(() -> drawing(parse(corner), 40, 40)).startsWith("mask: expected a region"));
    var _ = drawing(parse(corner), 80, 80);
    var black = Optional.<Area>of(new Area.Painted("m.png", RegionMask.none(64, 64)));
    assertEquals(
        "mask.png: expected a mask with something set, brighter than middle grey, got an empty one"
            + " in \"m.png\"; paint white what it should select",
        message(() -> Drawing.of(parse(with("")).drags(), black, 64, 64)));
    var small = handle("{\"polygon\": [[0,0],[2,0],[2,2]]}");
    var _ = drawing(parse(small), 64, 64);
    assertTrue(
        message(() -> cells(parse(small), 64, 64, 64))
            .startsWith("drags[1]: region: expected the centre of at least one cell"));
  }

  private static String message(Runnable action) {
    var e = assertThrows(EditDocumentException.class, action::run);
    return String.valueOf(e.getMessage());
  }

  @Test
  void checksTheSizeOfMasks() {
    var document =
        Documents.parse("cat.json", FULL.getBytes(StandardCharsets.UTF_8), EditDocumentTest::mask);
    var _ = drawing(document, 64, 64);
    assertEquals(
        "drags[2].handle: expected a mask of the picture's size, 65x64, got 64x64 in"
            + " \"tail.png\"; paint it over the picture",
        message(() -> drawing(document, 65, 64)));
  }

  @Test
  void scalesToTheWorkingSize() {
    var document =
        Documents.parse("cat.json", FULL.getBytes(StandardCharsets.UTF_8), EditDocumentTest::mask);
    var view = View.whole(64, 64, 128, 32);
    var handle =
        assertInstanceOf(RegionMask.class, document.drags().get(2).handle().orElseThrow().in(view));
    assertEquals(128, handle.width());
    assertEquals(32, handle.height());
    // 32 of 64 rows are set, apart from one pixel; every second row is kept, every column doubled.
    assertEquals(16 * 128, handle.count() & ~127);
    var arrow = document.drags().get(3).points().getFirst();
    assertEquals(new Point(50, 7.5), view.of(arrow).from());
    assertEquals(
        Polygon.of(
            new double[] {0, 0},
            new double[] {128, 0},
            new double[] {128, 32},
            new double[] {0, 32}),
        document.mask().orElseThrow().in(view));
  }
}
