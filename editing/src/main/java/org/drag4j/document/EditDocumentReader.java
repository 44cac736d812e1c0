package org.drag4j.document;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.Arrow;
import org.drag4j.geometry.Drag;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.geometry.FileName;
import org.drag4j.geometry.Move;
import org.drag4j.geometry.Point;
import org.drag4j.geometry.Polygon;
import org.drag4j.geometry.Strokes;

/**
 * Reads an edit document token by token, so that a hostile one is refused before it takes more
 * memory than an honest one.
 */
final class EditDocumentReader {
  private static final int MAX_VERTICES = 1024;
  private static final String TWO = "two numbers [x, y]";
  private static final int MAX_CELLS = 1 << 16;

  static final String LONG_PROMPT = "longPrompt";

  private static final List<String> DOCUMENT =
      List.of(
          "format",
          "image",
          "pictures",
          "prompt",
          LONG_PROMPT,
          "mask",
          "drags",
          "working",
          "method",
          "model",
          "seed");
  private static final List<String> IMAGE = List.of("file", "sha256");
  static final String MOVE = "move";

  private static final List<String> DRAG =
      List.of("name", "handle", "target", MOVE, "points", "mapping");
  private static final List<String> MOVES = List.of("by", "rotate", "scale", "about");

  /** The kinds of a region. */
  static final List<String> AREA =
      List.of("polygon", "rectangle", "ellipse", "brush", "png", "points");

  private static final List<String> ELLIPSE = List.of("center", "radii", "angle");
  private static final List<String> BRUSH = List.of("radius", "strokes");
  private static final List<String> ARROW = List.of("from", "to");
  private static final List<String> MODEL = List.of("path");

  /** Where the name of a method stands. */
  static final String NAME = "name";

  private static final Settings<EditDocument.Working> WORKING =
      Settings.of(EditDocument.Working.class);

  private final Tokens t;
  private final Head head;
  private final MaskSource masks;
  private final MethodTable methods;

  private EditDocumentReader(Tokens t, Head head, MaskSource masks, MethodTable methods) {
    this.t = t;
    this.head = head;
    this.masks = masks;
    this.methods = methods;
  }

  /** The fields of every object of a format, by the place of its schema. */
  static Map<String, List<String>> fields(Format format, MethodTable methods) {
    var fields = new LinkedHashMap<String, List<String>>();
    fields.put("", document(format));
    fields.put("/$defs/image", IMAGE);
    fields.put("/properties/working", WORKING.names(format));
    fields.put("/properties/model", MODEL);
    fields.put("/$defs/drag", drag(format));
    if (format != Format.V1) {
      fields.put("/$defs/drag/properties/" + MOVE, MOVES);
    }
    fields.put("/$defs/arrow", ARROW);
    fields.put("/$defs/area", AREA);
    fields.put("/$defs/area/properties/ellipse", ELLIPSE);
    fields.put("/$defs/area/properties/brush", BRUSH);
    for (var name : methods.names(format)) {
      fields.put("/$defs/" + name, method(methods.settings(name), format));
    }
    return fields;
  }

  private static List<String> document(Format format) {
    return switch (format) {
      case V1 ->
          DOCUMENT.stream()
              .filter(name -> !name.equals("pictures") && !name.equals(LONG_PROMPT))
              .toList();
      case V2 -> DOCUMENT;
    };
  }

  private static List<String> drag(Format format) {
    return switch (format) {
      case V1 -> DRAG.stream().filter(name -> !name.equals(MOVE)).toList();
      case V2 -> DRAG;
    };
  }

  private static List<Drag.Kind> mappings(Format format) {
    return Stream.of(Drag.Kind.values())
        .filter(kind -> format != Format.V1 || kind != Drag.Kind.MOVE)
        .toList();
  }

  /** The fields of a method: its name, then its parameters. */
  private static List<String> method(Settings<?> settings, Format format) {
    return Stream.concat(Stream.of(NAME), settings.names(format).stream()).toList();
  }

  /**
   * Format and method of a document, wherever in it they stand, for the rest to be read by. What is
   * wrong with the document is found when it is read.
   */
  private static final class Head {
    private Optional<String> format = Optional.empty();
    private Optional<String> method = Optional.empty();

    static Head of(String json) {
      var head = new Head();
      try {
        Tokens.read("", json, t -> t.isObject() ? head.look(t) : head);
      } catch (EditDocumentException e) {
        // What was seen until then is enough to come as far again.
      }
      return head;
    }

    private Head look(Tokens t) {
      while (t.more()) {
        switch (t.field()) {
          case "format" -> format = t.peek();
          case "method" -> lookAtMethod(t);
          default -> t.skip();
        }
      }
      return this;
    }

    private void lookAtMethod(Tokens t) {
      if (!t.isObject()) {
        t.skip();
        return;
      }
      while (t.more()) {
        if (t.field().equals(NAME)) {
          method = t.peek();
        }
        t.skip();
      }
    }

    /** The format it names, the last one where it names none. */
    Format format() {
      return Arrays.stream(Format.values())
          .filter(one -> format.isPresent() && format.get().equals(one.text()))
          .findFirst()
          .orElse(Format.V2);
    }
  }

  static EditDocument read(String origin, byte[] text, MaskSource masks, MethodTable methods) {
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
    var head = Head.of(json);
    return Tokens.read(
        origin, json, t -> new EditDocumentReader(t, head, masks, methods).document());
  }

  private EditDocument document() {
    boolean versioned = false;
    EditDocument.Image image = null;
    String prompt = "";
    var longPrompt = LongPrompt.CUT;
    Optional<Area> mask = Optional.empty();
    List<Drag> drags = List.of();
    var format = head.format();
    List<EditDocument.Image> pictures = List.of();
    var working = WORKING.defaults(format);
    Optional<EditDocument.Method> method = Optional.empty();
    Optional<String> model = Optional.empty();
    long seed = EditDocument.DEFAULT_SEED;
    t.open("the document");
    while (t.more()) {
      switch (t.field("", document(format))) {
        case "format" -> {
          t.oneOf("format", List.of(Format.values()), Format::text);
          versioned = true;
        }
        case "image" -> image = image("image");
        case "pictures" -> pictures = t.list("pictures", EditDocument.MAX_PICTURES, this::image);
        case "prompt" -> prompt = t.text("prompt");
        case LONG_PROMPT ->
            longPrompt = t.oneOf(LONG_PROMPT, List.of(LongPrompt.values()), LongPrompt::json);
        case "mask" -> mask = Optional.of(area("mask"));
        case "drags" -> drags = drags();
        case "working" ->
            working = WORKING.read(t, "working", format, WORKING.names(format), _ -> {});
        case "method" -> method = Optional.of(method(format));
        case "model" -> model = model();
        default -> seed = t.whole("seed", 0, Long.MAX_VALUE);
      }
    }
    t.end();
    if (!versioned) {
      throw Tokens.missing("format", "\"" + EditDocument.FORMAT + "\"");
    }
    if (image == null) {
      throw Tokens.missing("image", "{\"file\": ...}");
    }
    return new EditDocument(
        image,
        pictures,
        prompt,
        longPrompt,
        mask,
        drags,
        working,
        method.orElseGet(() -> EditDocument.Method.standard(methods, format)),
        model,
        seed);
  }

  private EditDocument.Image image(String path) {
    String file = null;
    Optional<String> sha256 = Optional.empty();
    t.open(path);
    while (t.more()) {
      switch (t.field(path, IMAGE)) {
        case "file" -> file = t.text(path + ".file");
        default -> sha256 = Optional.of(t.text(path + ".sha256"));
      }
    }
    if (file == null) {
      throw Tokens.missing(path + ".file", "the name of a picture");
    }
    var name = file;
    var hash = sha256;
    return checked(path, () -> new EditDocument.Image(name, hash));
  }

  private List<Drag> drags() {
    return t.list("drags", EditDocument.MAX_DRAGS, this::drag);
  }

  private Drag drag(String path) {
    String name = "";
    Optional<Area> handle = Optional.empty();
    Optional<Area> target = Optional.empty();
    Optional<Move> move = Optional.empty();
    List<Arrow> points = List.of();
    Optional<Drag.Kind> mapping = Optional.empty();
    t.open(path);
    while (t.more()) {
      switch (t.field(path, drag(head.format()))) {
        case "name" -> name = t.text(path + ".name");
        case "handle" -> handle = Optional.of(area(path + ".handle"));
        case "target" -> target = Optional.of(area(path + ".target"));
        case MOVE -> move = Optional.of(move(path));
        case "points" -> points = t.list(path + ".points", Drag.MAX_POINTS, this::arrow);
        default ->
            mapping =
                Optional.of(t.oneOf(path + ".mapping", mappings(head.format()), Drag.Kind::json));
      }
    }
    if (handle.isEmpty() && head.format() == Format.V1) {
      throw Tokens.missing(path + ".handle", "the region to move");
    }
    var kind = mapping.orElse(move.isPresent() ? Drag.Kind.MOVE : Drag.Kind.REGION);
    try {
      return new Drag(name, handle, target, move, points, kind);
    } catch (EditDocumentException e) {
      throw e.inside(path);
    }
  }

  private Move move(String drag) {
    String path = drag + "." + MOVE;
    var by = new Point(0, 0);
    double rotate = 0;
    double scale = 1;
    Optional<Point> about = Optional.empty();
    t.open(path);
    while (t.more()) {
      switch (t.field(path, MOVES)) {
        case "by" -> by = point(path + ".by");
        case "rotate" -> rotate = t.number(path + ".rotate", -Move.MAX_TURN, Move.MAX_TURN);
        case "scale" -> scale = t.number(path + ".scale", Move.MIN_SCALE, Move.MAX_SCALE);
        default -> about = Optional.of(point(path + ".about"));
      }
    }
    var shift = by;
    double turn = rotate;
    double size = scale;
    var centre = about;
    return checked(drag, () -> new Move(shift, turn, size, centre));
  }

  private Arrow arrow(String path) {
    Point from = null;
    Point to = null;
    t.open(path);
    while (t.more()) {
      switch (t.field(path, ARROW)) {
        case "from" -> from = point(path + ".from");
        default -> to = point(path + ".to");
      }
    }
    if (from == null || to == null) {
      throw Tokens.missing(path + (from == null ? ".from" : ".to"), "a point [x, y]");
    }
    return new Arrow(from, to);
  }

  private Area area(String path) {
    Area area = null;
    t.open(path);
    while (t.more()) {
      String field = t.field(path, AREA);
      if (area != null) {
        throw new EditDocumentException(
            path, "one kind of region", area.kind() + " and " + field, "remove one of them");
      }
      String place = path + "." + field;
      area =
          switch (field) {
            case "polygon" -> polygon(place);
            case "rectangle" -> {
              double[] n = t.numbers(place, "four numbers [x, y, width, height]", 4);
              yield checked(path, () -> new Area.Rectangle(n[0], n[1], n[2], n[3]));
            }
            case "ellipse" -> ellipse(path, place);
            case "brush" -> brush(path, place);
            case "png" -> painted(place);
            default -> {
              var at = t.list(place, MAX_CELLS, this::point);
              yield checked(path, () -> new Area.Points(at));
            }
          };
    }
    if (area == null) {
      throw Tokens.missing(path, "a region: " + String.join(", ", AREA));
    }
    return area;
  }

  private Area ellipse(String area, String path) {
    Optional<Point> centre = Optional.empty();
    Optional<double[]> radii = Optional.empty();
    double angle = 0;
    t.open(path);
    while (t.more()) {
      switch (t.field(path, ELLIPSE)) {
        case "center" -> centre = Optional.of(point(path + ".center"));
        case "radii" -> radii = Optional.of(t.numbers(path + ".radii", TWO, 2));
        default -> angle = t.number(path + ".angle", -360, 360);
      }
    }
    if (centre.isEmpty() || radii.isEmpty()) {
      throw Tokens.missing(path + (centre.isEmpty() ? ".center" : ".radii"), TWO);
    }
    var c = centre.get();
    double[] r = radii.get();
    double turn = angle;
    return checked(area, () -> new Area.Ellipse(c, r[0], r[1], turn));
  }

  private Area brush(String area, String path) {
    Optional<Double> radius = Optional.empty();
    List<List<Point>> strokes = List.of();
    t.open(path);
    while (t.more()) {
      switch (t.field(path, BRUSH)) {
        case "radius" -> radius = Optional.of(t.number(path + ".radius", 0, Tokens.MAX_COORDINATE));
        default ->
            strokes =
                t.list(
                    path + ".strokes",
                    Strokes.MAX_POINTS,
                    stroke -> t.list(stroke, Strokes.MAX_POINTS, this::point));
      }
    }
    if (radius.isEmpty()) {
      throw Tokens.missing(path + ".radius", "a number of pixels");
    }
    double of = radius.get();
    var lines = strokes;
    return checked(area, () -> new Area.Brush(of, lines));
  }

  private Area polygon(String path) {
    var vertices = t.list(path, MAX_VERTICES, this::point);
    if (vertices.size() < 3) {
      throw new EditDocumentException(
          path, "at least 3 points", String.valueOf(vertices.size()), "add more");
    }
    return new Area.Outline(new Polygon(vertices));
  }

  private Area painted(String path) {
    var given = t.peek();
    if (given.isPresent() && given.get().startsWith(Area.Painted.INLINE)) {
      String inline = given.get();
      Tokens.requireWhole(path, inline);
      try {
        return new Area.Painted(inline, masks.read(inline));
      } catch (EditDocumentException e) {
        throw e.in(path);
      }
    }
    String name = t.text(path);
    FileName.requireInside(path, name);
    try {
      return new Area.Painted(name, masks.read(name));
    } catch (EditDocumentException e) {
      throw e.in(path);
    }
  }

  private Point point(String path) {
    double[] xy = t.numbers(path, TWO, 2);
    return new Point(xy[0], xy[1]);
  }

  private EditDocument.Method method(Format format) {
    String name = head.method.orElse(methods.standard(format));
    var names = methods.names(format);
    if (!names.contains(name)) {
      throw Tokens.refused(
          "method." + NAME, names, Function.identity(), EditDocumentException.quote(name));
    }
    var settings = methods.settings(name);
    return new EditDocument.Method(
        name,
        settings.read(
            t,
            "method",
            format,
            method(settings, format),
            field -> t.oneOf("method." + field, names, Function.identity())));
  }

  private Optional<String> model() {
    Optional<String> path = Optional.empty();
    t.open("model");
    while (t.more()) {
      t.field("model", MODEL);
      path = Optional.of(t.text("model.path"));
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
}
