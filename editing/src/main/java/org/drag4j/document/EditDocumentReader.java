package org.drag4j.document;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.drag4j.geometry.Arrow;
import org.drag4j.geometry.Point;
import org.drag4j.geometry.Polygon;
import org.drag4j.geometry.Strokes;
import org.drag4j.method.Injection;
import org.drag4j.method.RegionDrag;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads an edit document token by token, so that a hostile one is refused before it takes more
 * memory than an honest one.
 */
final class EditDocumentReader {
  private static final int MAX_COORDINATE = 1 << 16;
  private static final int MAX_VERTICES = 1024;
  private static final String TWO = "two numbers [x, y]";
  private static final int MAX_CELLS = 1 << 16;

  /** Fields of the format that have no meaning yet, and what to do about each. */
  private static final Map<String, String> LATER =
      Map.of(
          "model.id", "remove it and name a folder with \"path\" or --model",
          "model.dtype", "remove it, the type is the device's choice");

  private static final List<String> DOCUMENT =
      List.of("format", "image", "prompt", "mask", "drags", "working", "method", "model", "seed");
  private static final List<String> IMAGE = List.of("file", "sha256");
  private static final List<String> DRAG = List.of("name", "handle", "target", "points", "mapping");
  private static final List<String> AREA =
      List.of("polygon", "rectangle", "ellipse", "brush", "png", "points");
  private static final List<String> ELLIPSE = List.of("center", "radii", "angle");
  private static final List<String> BRUSH = List.of("radius", "strokes");
  private static final List<String> WORKING = List.of("size", "crop", "margin", "feather");
  private static final List<String> ARROW = List.of("from", "to");
  private static final List<String> METHOD =
      List.of(
          "name",
          "steps",
          "start",
          "end",
          "copy",
          "handleNoise",
          "variant",
          "layers",
          "injectSteps",
          "injectStrength",
          "fill",
          "overlap",
          "guidance",
          "negativePrompt",
          "faithful",
          "batched");
  private static final List<String> MODEL = List.of("path");

  /** The fields of every object of the format, by the place of its schema. */
  static final Map<String, List<String>> FIELDS =
      Map.ofEntries(
          Map.entry("", DOCUMENT),
          Map.entry("/properties/image", IMAGE),
          Map.entry("/properties/working", WORKING),
          Map.entry("/properties/method", METHOD),
          Map.entry("/properties/model", MODEL),
          Map.entry("/$defs/drag", DRAG),
          Map.entry("/$defs/arrow", ARROW),
          Map.entry("/$defs/area", AREA),
          Map.entry("/$defs/area/properties/ellipse", ELLIPSE),
          Map.entry("/$defs/area/properties/brush", BRUSH));

  // Without canonical names the parser keeps no table of names between documents, which hostile
  // names could fill or make collide.
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(32)
                  .maxNumberLength(100)
                  .maxNameLength(1000)
                  .maxStringLength(EditDocument.MAX_BYTES)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
          .build();

  private final JsonParser p;
  private final MaskSource masks;

  private EditDocumentReader(JsonParser p, MaskSource masks) {
    this.p = p;
    this.masks = masks;
  }

  static EditDocument read(String origin, byte[] text, MaskSource masks) {
    if (text.length > EditDocument.MAX_BYTES) {
      throw new EditDocumentException(
          origin,
          "at most " + EditDocument.MAX_BYTES + " bytes",
          "more",
          "check that it is an edit document");
    }
    String json;
    try {
      json = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text)).toString();
    } catch (CharacterCodingException e) {
      throw new EditDocumentException(
          origin, "JSON text in UTF-8", "other bytes", "check that it is an edit document");
    }
    // Some editors begin a file with a byte order mark.
    json = json.startsWith("\ufeff") ? json.substring(1) : json;
    try (var p = FACTORY.createParser(ObjectReadContext.empty(), json)) {
      p.nextToken();
      return new EditDocumentReader(p, masks).document();
    } catch (EditDocumentException e) {
      throw e.in(origin);
    } catch (JacksonException e) {
      throw syntax(origin, e);
    }
  }

  private static EditDocumentException syntax(String origin, JacksonException e) {
    var at = e.getLocation();
    String where =
        at == null || at.getLineNr() < 1
            ? origin
            : origin + ": line " + at.getLineNr() + ", column " + at.getColumnNr();
    // Without what the parser says of itself behind the first clause.
    String what =
        EditDocumentException.printable(
            String.valueOf(e.getOriginalMessage())
                .replaceFirst("(: enable `| \\(start marker| \\[Source).*", ""));
    String expected =
        what.startsWith("Duplicate")
            ? "every field once"
            : "finite numbers, quoted text, and brackets that match";
    return new EditDocumentException(where, expected, what, "correct the JSON");
  }

  private EditDocument document() {
    boolean versioned = false;
    EditDocument.Image image = null;
    String prompt = "";
    Optional<Area> mask = Optional.empty();
    List<Drag> drags = List.of();
    var working = EditDocument.Working.DEFAULT;
    var method = EditDocument.Method.DEFAULT;
    Optional<String> model = Optional.empty();
    long seed = EditDocument.DEFAULT_SEED;
    open("the document");
    while (p.nextToken() == JsonToken.PROPERTY_NAME) {
      switch (field("", DOCUMENT)) {
        case "format" -> {
          oneOf("format", List.of(EditDocument.FORMAT), Function.identity());
          versioned = true;
        }
        case "image" -> image = image();
        case "prompt" -> prompt = text("prompt");
        case "mask" -> mask = Optional.of(area("mask"));
        case "drags" -> drags = drags();
        case "working" -> working = working();
        case "method" -> method = method();
        case "model" -> model = model();
        default -> seed = whole("seed", 0, Long.MAX_VALUE);
      }
    }
    if (p.nextToken() != null) {
      throw new EditDocumentException(
          "the document", "nothing after its last bracket", shown(), "remove it");
    }
    if (!versioned) {
      throw missing("format", "\"" + EditDocument.FORMAT + "\"");
    }
    if (image == null) {
      throw missing("image", "{\"file\": ...}");
    }
    return new EditDocument(image, prompt, mask, drags, working, method, model, seed);
  }

  private EditDocument.Image image() {
    String file = null;
    Optional<String> sha256 = Optional.empty();
    open("image");
    while (p.nextToken() == JsonToken.PROPERTY_NAME) {
      switch (field("image", IMAGE)) {
        case "file" -> file = text("image.file");
        default -> sha256 = Optional.of(text("image.sha256"));
      }
    }
    if (file == null) {
      throw missing("image.file", "the name of a picture");
    }
    var name = file;
    var hash = sha256;
    return checked("image", () -> new EditDocument.Image(name, hash));
  }

  private List<Drag> drags() {
    return list("drags", EditDocument.MAX_DRAGS, this::drag);
  }

  private Drag drag(String path) {
    String name = "";
    Area handle = null;
    Optional<Area> target = Optional.empty();
    List<Arrow> points = List.of();
    var mapping = Drag.Kind.REGION;
    open(path);
    while (p.nextToken() == JsonToken.PROPERTY_NAME) {
      switch (field(path, DRAG)) {
        case "name" -> name = text(path + ".name");
        case "handle" -> handle = area(path + ".handle");
        case "target" -> target = Optional.of(area(path + ".target"));
        case "points" -> points = list(path + ".points", Drag.MAX_POINTS, this::arrow);
        default -> mapping = oneOf(path + ".mapping", List.of(Drag.Kind.values()), Drag.Kind::json);
      }
    }
    if (handle == null) {
      throw missing(path + ".handle", "the region to move");
    }
    try {
      return new Drag(name, handle, target, points, mapping);
    } catch (EditDocumentException e) {
      throw e.inside(path);
    }
  }

  private Arrow arrow(String path) {
    Point from = null;
    Point to = null;
    open(path);
    while (p.nextToken() == JsonToken.PROPERTY_NAME) {
      switch (field(path, ARROW)) {
        case "from" -> from = point(path + ".from");
        default -> to = point(path + ".to");
      }
    }
    if (from == null || to == null) {
      throw missing(path + (from == null ? ".from" : ".to"), "a point [x, y]");
    }
    return new Arrow(from, to);
  }

  private Area area(String path) {
    Area area = null;
    open(path);
    while (p.nextToken() == JsonToken.PROPERTY_NAME) {
      String field = field(path, AREA);
      if (area != null) {
        throw new EditDocumentException(
            path, "one kind of region", area.kind() + " and " + field, "remove one of them");
      }
      String place = path + "." + field;
      area =
          switch (field) {
            case "polygon" -> polygon(place);
            case "rectangle" -> {
              double[] n = numbers(place, "four numbers [x, y, width, height]", 4);
              yield checked(path, () -> new Area.Rectangle(n[0], n[1], n[2], n[3]));
            }
            case "ellipse" -> ellipse(path, place);
            case "brush" -> brush(path, place);
            case "png" -> painted(place);
            default -> {
              var at = list(place, MAX_CELLS, this::point);
              yield checked(path, () -> new Area.Points(at));
            }
          };
    }
    if (area == null) {
      throw missing(path, "a region: " + String.join(", ", AREA));
    }
    return area;
  }

  private Area ellipse(String area, String path) {
    Optional<Point> centre = Optional.empty();
    Optional<double[]> radii = Optional.empty();
    double angle = 0;
    open(path);
    while (p.nextToken() == JsonToken.PROPERTY_NAME) {
      switch (field(path, ELLIPSE)) {
        case "center" -> centre = Optional.of(point(path + ".center"));
        case "radii" -> radii = Optional.of(numbers(path + ".radii", TWO, 2));
        default -> angle = number(path + ".angle", -360, 360);
      }
    }
    if (centre.isEmpty() || radii.isEmpty()) {
      throw missing(path + (centre.isEmpty() ? ".center" : ".radii"), TWO);
    }
    var c = centre.get();
    double[] r = radii.get();
    double turn = angle;
    return checked(area, () -> new Area.Ellipse(c, r[0], r[1], turn));
  }

  private Area brush(String area, String path) {
    Optional<Double> radius = Optional.empty();
    List<List<Point>> strokes = List.of();
    open(path);
    while (p.nextToken() == JsonToken.PROPERTY_NAME) {
      switch (field(path, BRUSH)) {
        case "radius" -> radius = Optional.of(number(path + ".radius", 0, MAX_COORDINATE));
        default ->
            strokes =
                list(
                    path + ".strokes",
                    Strokes.MAX_POINTS,
                    stroke -> list(stroke, Strokes.MAX_POINTS, this::point));
      }
    }
    if (radius.isEmpty()) {
      throw missing(path + ".radius", "a number of pixels");
    }
    double of = radius.get();
    var lines = strokes;
    return checked(area, () -> new Area.Brush(of, lines));
  }

  private Area polygon(String path) {
    var vertices = list(path, MAX_VERTICES, this::point);
    if (vertices.size() < 3) {
      throw new EditDocumentException(
          path, "at least 3 points", String.valueOf(vertices.size()), "add more");
    }
    return new Area.Outline(new Polygon(vertices));
  }

  private Area painted(String path) {
    if (p.currentToken() == JsonToken.VALUE_STRING
        && p.getString().startsWith(Area.Painted.INLINE)) {
      String inline = p.getString();
      requireWhole(path, inline);
      try {
        return new Area.Painted(inline, masks.read(inline));
      } catch (EditDocumentException e) {
        throw e.in(path);
      }
    }
    String name = text(path);
    EditDocument.requireInside(path, name);
    try {
      return new Area.Painted(name, masks.read(name));
    } catch (EditDocumentException e) {
      throw e.in(path);
    }
  }

  private Point point(String path) {
    double[] xy = numbers(path, TWO, 2);
    return new Point(xy[0], xy[1]);
  }

  private double[] numbers(String path, String expected, int count) {
    if (p.currentToken() != JsonToken.START_ARRAY) {
      throw wrong(path, expected);
    }
    double[] numbers = new double[count];
    for (int i = 0; i < count; i++) {
      if (p.nextToken() == JsonToken.END_ARRAY) {
        throw wrong(path, expected);
      }
      numbers[i] = number(path + "[" + i + "]", -MAX_COORDINATE, MAX_COORDINATE);
    }
    if (p.nextToken() != JsonToken.END_ARRAY) {
      throw wrong(path, expected);
    }
    return numbers;
  }

  private EditDocument.Working working() {
    var working = EditDocument.Working.DEFAULT;
    var size = working.size();
    boolean crop = working.crop();
    var margin = working.margin();
    var feather = working.feather();
    open("working");
    while (p.nextToken() == JsonToken.PROPERTY_NAME) {
      switch (field("working", WORKING)) {
        case "size" ->
            size =
                Optional.of(
                    (int)
                        whole(
                            "working.size",
                            EditDocument.Working.MIN_SIZE,
                            EditDocument.Working.MAX_SIZE));
        case "crop" -> crop = flag("working.crop");
        case "margin" -> margin = Optional.of(distance("working.margin"));
        default -> feather = Optional.of(distance("working.feather"));
      }
    }
    return new EditDocument.Working(size, crop, margin, feather);
  }

  private double distance(String path) {
    return number(path, 0, EditDocument.Working.MAX_DISTANCE);
  }

  private EditDocument.Method method() {
    var method = EditDocument.Method.DEFAULT;
    int steps = method.steps();
    double start = method.start();
    double end = method.end();
    var copy = method.copy();
    double handleNoise = method.handleNoise();
    var variant = method.variant();
    String layers = method.injection().layers();
    int[] injectSteps = {method.injection().first(), method.injection().end()};
    double strength = method.injection().strength();
    var fill = method.fill();
    var overlap = method.overlap();
    double guidance = method.guidance();
    String negativePrompt = method.negativePrompt();
    boolean faithful = method.faithful();
    boolean batched = method.batched();
    open("method");
    while (p.nextToken() == JsonToken.PROPERTY_NAME) {
      String field = field("method", METHOD);
      String path = "method." + field;
      switch (field) {
        case "name" -> oneOf(path, List.of(EditDocument.Method.NAME), Function.identity());
        case "steps" -> steps = (int) whole(path, 1, EditDocument.Method.MAX_STEPS);
        case "start" -> start = number(path, 0, 1);
        case "end" -> end = number(path, 0, 1);
        case "copy" -> copy = choice(path, RegionDrag.Copy.values());
        case "handleNoise" -> handleNoise = number(path, 0, EditDocument.Method.MAX_HANDLE_NOISE);
        case "variant" -> variant = choice(path, RegionDrag.Variant.values());
        case "layers" -> layers = text(path);
        case "injectSteps" -> injectSteps = steps(path);
        case "injectStrength" -> strength = number(path, 0, 1);
        case "fill" -> fill = choice(path, RegionDrag.Fill.values());
        case "overlap" -> overlap = choice(path, EditDocument.Overlap.values());
        case "guidance" -> guidance = number(path, 0, EditDocument.Method.MAX_GUIDANCE);
        case "negativePrompt" -> negativePrompt = text(path);
        case "faithful" -> faithful = flag(path);
        default -> batched = flag(path);
      }
    }
    try {
      return new EditDocument.Method(
          steps,
          start,
          end,
          copy,
          handleNoise,
          variant,
          new Injection(layers, injectSteps[0], injectSteps[1], strength),
          fill,
          overlap,
          guidance,
          negativePrompt,
          faithful,
          batched);
    } catch (EditDocumentException e) {
      throw e.inside("method");
    }
  }

  private <E extends Enum<E>> E choice(String path, E[] values) {
    return oneOf(path, List.of(values), EditDocument.Method::json);
  }

  private int[] steps(String path) {
    double[] range = numbers(path, "two step numbers [first, end]", 2);
    if (range[0] != Math.rint(range[0]) || range[1] != Math.rint(range[1])) {
      throw new EditDocumentException(path, "whole numbers", "fractions", "round them");
    }
    return new int[] {(int) range[0], (int) range[1]};
  }

  private Optional<String> model() {
    Optional<String> path = Optional.empty();
    open("model");
    while (p.nextToken() == JsonToken.PROPERTY_NAME) {
      field("model", MODEL);
      path = Optional.of(text("model.path"));
    }
    return path;
  }

  /** A value that finds out itself what is wrong with it. */
  private static <T> T checked(String path, Supplier<T> make) {
    try {
      return make.get();
    } catch (EditDocumentException e) {
      throw e.inside(path);
    }
  }

  private void open(String path) {
    if (p.currentToken() != JsonToken.START_OBJECT) {
      throw wrong(path, "an object {...}");
    }
  }

  /** The name of the field the parser is at; moves on to its value. */
  private String field(String path, List<String> known) {
    String name = p.currentName();
    if (!known.contains(name)) {
      throw unknown(path.isEmpty() ? name : path + "." + name, name, known);
    }
    p.nextToken();
    return name;
  }

  private static EditDocumentException unknown(String path, String name, List<String> known) {
    @Nullable String later = LATER.get(path);
    if (later != null) {
      return later(path, "a field for a later version", later);
    }
    String nearest =
        known.stream()
            .filter(candidate -> distance(name, candidate) <= Math.max(2, candidate.length() / 3))
            .min((a, b) -> Integer.compare(distance(name, a), distance(name, b)))
            .map(candidate -> "did you mean " + candidate + "?")
            .orElse("remove it");
    return new EditDocumentException(
        EditDocumentException.printable(path),
        known.size() == 1 ? known.getFirst() : "one of " + String.join(", ", known),
        "an unknown field",
        nearest);
  }

  private static EditDocumentException later(String path, String got, String remedy) {
    return new EditDocumentException(
        path, "what is implemented", got + ", not implemented yet", remedy);
  }

  /** Edits that turn one word into the other (Levenshtein), whatever their case. */
  private static int distance(String a, String b) {
    if (Math.abs(a.length() - b.length()) > b.length()) {
      return Integer.MAX_VALUE;
    }
    int[] row = new int[b.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        boolean same =
            Character.toLowerCase(a.charAt(i - 1)) == Character.toLowerCase(b.charAt(j - 1));
        int replaced = diagonal + (same ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }

  private <T> List<T> list(String path, int most, Function<String, T> element) {
    if (p.currentToken() != JsonToken.START_ARRAY) {
      throw wrong(path, "a list [...]");
    }
    var all = new ArrayList<T>();
    while (p.nextToken() != JsonToken.END_ARRAY) {
      if (all.size() == most) {
        throw new EditDocumentException(path, "at most " + most, "more", "leave some out");
      }
      all.add(element.apply(path + "[" + all.size() + "]"));
    }
    return all;
  }

  private String text(String path) {
    if (p.currentToken() != JsonToken.VALUE_STRING) {
      throw wrong(path, "a text in quotes");
    }
    String text = p.getString();
    requireWhole(path, text);
    if (text.length() > EditDocument.MAX_TEXT) {
      throw new EditDocumentException(
          path,
          "at most " + EditDocument.MAX_TEXT + " characters",
          String.valueOf(text.length()),
          "shorten it");
    }
    return text;
  }

  /** JSON can spell halves of characters, which no file can hold. */
  private static void requireWhole(String path, String text) {
    if (text.codePoints()
        .anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
      throw new EditDocumentException(
          path, "whole characters", "half a surrogate pair", "correct the \\u escapes");
    }
  }

  private <T> T oneOf(String path, List<T> values, Function<T, String> name) {
    String expected =
        (values.size() == 1 ? "" : "one of ")
            + values.stream().map(v -> '"' + name.apply(v) + '"').collect(Collectors.joining(", "));
    if (p.currentToken() != JsonToken.VALUE_STRING) {
      throw wrong(path, expected);
    }
    String text = p.getString();
    return values.stream()
        .filter(value -> name.apply(value).equals(text))
        .findFirst()
        .orElseThrow(() -> wrong(path, expected));
  }

  private double number(String path, double least, double most) {
    String expected = "a number from " + plain(least) + " to " + plain(most);
    if (p.currentToken() != JsonToken.VALUE_NUMBER_INT
        && p.currentToken() != JsonToken.VALUE_NUMBER_FLOAT) {
      throw wrong(path, expected);
    }
    double value = Double.parseDouble(p.getString());
    if (!(value >= least && value <= most)) {
      throw wrong(path, expected);
    }
    return value;
  }

  private long whole(String path, long least, long most) {
    String expected = "a whole number from " + least + " to " + most;
    if (p.currentToken() != JsonToken.VALUE_NUMBER_INT) {
      throw wrong(path, expected);
    }
    var value = new BigInteger(p.getString());
    if (value.compareTo(BigInteger.valueOf(least)) < 0
        || value.compareTo(BigInteger.valueOf(most)) > 0) {
      throw wrong(path, expected);
    }
    return value.longValueExact();
  }

  private boolean flag(String path) {
    return switch (p.currentToken()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case null, default -> throw wrong(path, "true or false");
    };
  }

  private static String plain(double value) {
    return value == (long) value ? String.valueOf((long) value) : String.valueOf(value);
  }

  private EditDocumentException wrong(String path, String expected) {
    return new EditDocumentException(path, expected, shown(), "correct it");
  }

  private static EditDocumentException missing(String path, String expected) {
    return new EditDocumentException(path, expected, "nothing", "add it");
  }

  private String shown() {
    return switch (p.currentToken()) {
      case null -> "the end of the text";
      case START_OBJECT, END_OBJECT -> "an object";
      case START_ARRAY, END_ARRAY -> "a list";
      case VALUE_STRING, PROPERTY_NAME -> EditDocumentException.quote(p.getString());
      default -> EditDocumentException.printable(p.getString());
    };
  }
}
