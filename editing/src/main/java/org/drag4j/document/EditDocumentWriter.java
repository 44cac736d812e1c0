package org.drag4j.document;

import java.io.StringWriter;
import java.util.List;
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
    g.writeObjectPropertyStart("image");
    g.writeStringProperty("file", document.image().file());
    document.image().sha256().ifPresent(hash -> g.writeStringProperty("sha256", hash));
    g.writeEndObject();
    g.writeStringProperty("prompt", document.prompt());
    document.mask().ifPresent(area -> area("mask", area));
    g.writeArrayPropertyStart("drags");
    document.drags().forEach(this::drag);
    g.writeEndArray();
    working(document.working());
    method(document.method());
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

  private void drag(Drag drag) {
    g.writeStartObject();
    if (!drag.name().isEmpty()) {
      g.writeStringProperty("name", drag.name());
    }
    area("handle", drag.handle());
    drag.target().ifPresent(area -> area("target", area));
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
    // Whole numbers without ".0", but not -0, which is another double.
    if (value == (int) value && (value != 0 || 1 / value > 0)) {
      g.writeNumber((int) value);
    } else {
      g.writeNumber(value);
    }
  }

  private void working(EditDocument.Working working) {
    g.writeObjectPropertyStart("working");
    working.size().ifPresent(size -> g.writeNumberProperty("size", size));
    g.writeBooleanProperty("crop", working.crop());
    working.margin().ifPresent(margin -> number("margin", margin));
    working.feather().ifPresent(feather -> number("feather", feather));
    g.writeEndObject();
  }

  private void number(String name, double value) {
    g.writeName(name);
    number(value);
  }

  private void choice(String name, Enum<?> choice) {
    g.writeStringProperty(name, EditDocument.Method.json(choice));
  }

  private void method(EditDocument.Method method) {
    g.writeObjectPropertyStart("method");
    g.writeStringProperty("name", EditDocument.Method.NAME);
    g.writeNumberProperty("steps", method.steps());
    g.writeNumberProperty("start", method.start());
    g.writeNumberProperty("end", method.end());
    choice("copy", method.copy());
    g.writeNumberProperty("handleNoise", method.handleNoise());
    choice("variant", method.variant());
    g.writeStringProperty("layers", method.injection().layers());
    numbers("injectSteps", method.injection().first(), method.injection().end());
    g.writeNumberProperty("injectStrength", method.injection().strength());
    choice("fill", method.fill());
    choice("overlap", method.overlap());
    g.writeNumberProperty("guidance", method.guidance());
    g.writeStringProperty("negativePrompt", method.negativePrompt());
    g.writeBooleanProperty("faithful", method.faithful());
    g.writeBooleanProperty("batched", method.batched());
    g.writeEndObject();
  }
}
