package org.drag4j.document;

import java.io.StringWriter;
import java.util.List;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.Drag;
import org.drag4j.geometry.Move;
import org.drag4j.geometry.Point;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultPrettyPrinter;

/** Writes an edit document with every field spelled out. */
final class EditDocumentWriter {
  private static final JsonFactory FACTORY = new JsonFactory();

  private static final ObjectWriteContext INDENTED =
      new ObjectWriteContext.Base() {
        @Override
        public PrettyPrinter getPrettyPrinter() {
          return new DefaultPrettyPrinter();
        }
      };

  private final JsonGenerator g;

  private EditDocumentWriter(JsonGenerator g) {
    this.g = g;
  }

  static String write(EditDocument document) {
    var text = new StringWriter();
    try (var g = FACTORY.createGenerator(INDENTED, text)) {
      new EditDocumentWriter(g).document(document);
    }
    return text.append('\n').toString();
  }

  private void document(EditDocument document) {
    g.writeStartObject();
    g.writeStringProperty("format", EditDocument.FORMAT);
    g.writeName("image");
    image(document.image());
    if (!document.pictures().isEmpty()) {
      g.writeArrayPropertyStart("pictures");
      document.pictures().forEach(this::image);
      g.writeEndArray();
    }
    g.writeStringProperty("prompt", document.prompt());
    // The usual one is left out, so that older versions read the document.
    if (document.longPrompt() != LongPrompt.CUT) {
      g.writeStringProperty(EditDocumentReader.LONG_PROMPT, document.longPrompt().json());
    }
    document.mask().ifPresent(area -> area("mask", area));
    g.writeArrayPropertyStart("drags");
    document.drags().forEach(this::drag);
    g.writeEndArray();
    g.writeObjectPropertyStart("working");
    settings(document.working());
    g.writeEndObject();
    g.writeObjectPropertyStart("method");
    g.writeStringProperty(EditDocumentReader.NAME, document.method().name());
    settings(document.method().parameters());
    g.writeEndObject();
    document
        .model()
        .ifPresent(path -> {
          g.writeObjectPropertyStart("model");
          g.writeStringProperty("path", path);
          g.writeEndObject();
        });
    g.writeNumberProperty("seed", document.seed());
    g.writeEndObject();
  }

  private void image(EditDocument.Image image) {
    g.writeStartObject();
    g.writeStringProperty("file", image.file());
    image.sha256().ifPresent(hash -> g.writeStringProperty("sha256", hash));
    g.writeEndObject();
  }

  private void settings(Record values) {
    Settings.of(values).write(g, values);
  }

  private void drag(Drag drag) {
    g.writeStartObject();
    if (!drag.name().isEmpty()) {
      g.writeStringProperty("name", drag.name());
    }
    drag.handle().ifPresent(area -> area("handle", area));
    drag.target().ifPresent(area -> area("target", area));
    drag.move().ifPresent(this::move);
    if (!drag.points().isEmpty()) {
      g.writeArrayPropertyStart("points");
      for (var arrow : drag.points()) {
        g.writeStartObject();
        g.writeName("from");
        point(arrow.from());
        g.writeName("to");
        point(arrow.to());
        g.writeEndObject();
      }
      g.writeEndArray();
    }
    g.writeStringProperty("mapping", drag.mapping().json());
    g.writeEndObject();
  }

  private void move(Move move) {
    g.writeObjectPropertyStart(EditDocumentReader.MOVE);
    g.writeName("by");
    point(move.by());
    number("rotate", move.rotate());
    number("scale", move.scale());
    if (move.about().isPresent()) {
      g.writeName("about");
      point(move.about().get());
    }
    g.writeEndObject();
  }

  private void area(String name, Area area) {
    g.writeObjectPropertyStart(name);
    switch (area) {
      case Area.Outline(var polygon) -> points("polygon", polygon.vertices());
      case Area.Rectangle(var x, var y, var width, var height) ->
          numbers("rectangle", x, y, width, height);
      case Area.Ellipse(var centre, var radiusX, var radiusY, var angle) -> {
        g.writeObjectPropertyStart("ellipse");
        numbers("center", centre.x(), centre.y());
        numbers("radii", radiusX, radiusY);
        number("angle", angle);
        g.writeEndObject();
      }
      case Area.Brush(var radius, var strokes) -> {
        g.writeObjectPropertyStart("brush");
        number("radius", radius);
        g.writeArrayPropertyStart("strokes");
        for (var stroke : strokes) {
          g.writeStartArray();
          stroke.forEach(this::point);
          g.writeEndArray();
        }
        g.writeEndArray();
        g.writeEndObject();
      }
      case Area.Painted(var png, var _) -> g.writeStringProperty("png", png);
      case Area.Points(var at) -> points("points", at);
    }
    g.writeEndObject();
  }

  private void points(String name, List<Point> points) {
    g.writeArrayPropertyStart(name);
    points.forEach(this::point);
    g.writeEndArray();
  }

  private void numbers(String name, double... values) {
    g.writeArrayPropertyStart(name);
    for (double value : values) {
      number(value);
    }
    g.writeEndArray();
  }

  private void point(Point point) {
    g.writeStartArray();
    number(point.x());
    number(point.y());
    g.writeEndArray();
  }

  private void number(double value) {
    SettingType.number(g, value);
  }

  private void number(String name, double value) {
    g.writeName(name);
    number(value);
  }
}
