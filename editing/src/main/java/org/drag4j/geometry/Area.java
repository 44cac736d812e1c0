package org.drag4j.geometry;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A region as a document gives it, in pixels of the original picture; it may lie outside. */
public sealed interface Area {
  /** This region as the view shows it. */
  Region in(View view);

  /** The corners, where this is an outline that is given by them. */
  default Optional<Polygon> corners() {
    return Optional.empty();
  }

  /** What a document calls this kind of region. */
  String kind();

  /**
   * A closed outline.
   *
   * @param polygon its vertices
   */
  record Outline(Polygon polygon) implements Area {
    @Override
    public Region in(View view) {
      return view.of(polygon);
    }

    @Override
    public Optional<Polygon> corners() {
      return Optional.of(polygon);
    }

    @Override
    public String kind() {
      return "polygon";
    }
  }

  /** An upright rectangle, for short: the outline of its four corners. */
  record Rectangle(double x, double y, double width, double height) implements Area {
    public Rectangle {
      requireSize("rectangle", width, height);
    }

    private Polygon polygon() {
      return Polygon.of(
          new double[] {x, y},
          new double[] {x + width, y},
          new double[] {x + width, y + height},
          new double[] {x, y + height});
    }

    @Override
    public Region in(View view) {
      return view.of(polygon());
    }

    @Override
    public Optional<Polygon> corners() {
      return Optional.of(polygon());
    }

    @Override
    public String kind() {
      return "rectangle";
    }
  }

  /**
   * An ellipse.
   *
   * @param radiusX half the axis that lies along x before the turn; likewise {@code radiusY}
   * @param angle of the turn in degrees, clockwise as seen
   */
  record Ellipse(Point centre, double radiusX, double radiusY, double angle) implements Area {
    private static final int VERTICES = 256;

    public Ellipse {
      requireSize("ellipse.radii", radiusX, radiusY);
    }

    @Override
    public Region in(View view) {
      var vertices = new ArrayList<Point>();
      double cos = Math.cos(Math.toRadians(angle));
      double sin = Math.sin(Math.toRadians(angle));
      for (int i = 0; i < VERTICES; i++) {
        double x = radiusX * Math.cos(2 * Math.PI * i / VERTICES);
        double y = radiusY * Math.sin(2 * Math.PI * i / VERTICES);
        vertices.add(
            view.of(new Point(centre.x() + x * cos - y * sin, centre.y() + x * sin + y * cos)));
      }
      return new Polygon(vertices);
    }

    @Override
    public String kind() {
      return "ellipse";
    }
  }

  /**
   * What a round brush paints.
   *
   * @param radius of the brush
   * @param strokes the points it went through; a stroke of one point is a dot
   */
  record Brush(double radius, List<List<Point>> strokes) implements Area {
    public Brush {
      strokes = strokes.stream().map(List::copyOf).toList();
      requireSize("brush.radius", radius, radius);
      int points = strokes.stream().mapToInt(List::size).sum();
      if (strokes.isEmpty() || strokes.stream().anyMatch(List::isEmpty)) {
        throw new EditDocumentException(
            "brush.strokes", "a point at least in each", "none", "paint something");
      }
      if (points > Strokes.MAX_POINTS) {
        throw new EditDocumentException(
            "brush.strokes",
            "at most " + Strokes.MAX_POINTS + " points in all",
            String.valueOf(points),
            "paint a mask instead");
      }
    }

    @Override
    public Region in(View view) {
      return new Strokes(
          strokes.stream().map(line -> line.stream().map(view::of).toList()).toList(),
          Math.min(radius * view.scaleX(), Point.MAX_COORDINATE),
          Math.min(radius * view.scaleY(), Point.MAX_COORDINATE));
    }

    @Override
    public String kind() {
      return "brush";
    }
  }

  /**
   * A painted mask.
   *
   * @param png its file, relative to the document, or the file itself as a {@value #INLINE} address
   * @param pixels what the file holds; as large as the picture
   */
  record Painted(String png, RegionMask pixels) implements Area {
    /** How the name of a mask begins that is part of the document. */
    public static final String INLINE = "data:image/png;base64,";

    public Painted {
      if (!png.startsWith(INLINE)) {
        FileName.requireInside("png", png);
      }
    }

    @Override
    public Region in(View view) {
      return pixels.in(view);
    }

    @Override
    public String kind() {
      return "png";
    }
  }

  /**
   * The latent cells that hold these positions.
   *
   * @param at at least one
   */
  record Points(List<Point> at) implements Area {
    public Points {
      at = List.copyOf(at);
      if (at.isEmpty()) {
        throw new EditDocumentException("points", "a point at least", "none", "add one");
      }
    }

    @Override
    public Region in(View view) {
      return RegionMask.ofCells(view, view.cells(at.stream().map(view::of).toList()));
    }

    @Override
    public String kind() {
      return "points";
    }
  }

  private static void requireSize(String where, double width, double height) {
    if (!(width > 0 && height > 0)) {
      String got = EditDocumentException.plain(width);
      if (width != height) {
        got += " and " + EditDocumentException.plain(height);
      }
      throw new EditDocumentException(where, "a size above 0", got, "enlarge it");
    }
  }
}
