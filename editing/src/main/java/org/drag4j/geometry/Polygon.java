package org.drag4j.geometry;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** A closed outline of at least three vertices. */
public record Polygon(List<Point> vertices) implements Region {
  private static final int MAX_VERTICES = 1024;

  public Polygon {
    vertices = List.copyOf(vertices);
    if (vertices.size() < 3 || vertices.size() > MAX_VERTICES) {
      throw new IllegalArgumentException(
          "polygon: expected 3 to "
              + MAX_VERTICES
              + " vertices, got "
              + vertices.size()
              + "; correct the outline");
    }
  }

  /**
   * A polygon of vertices {@code {x, y}}.
   *
   * @throws IllegalArgumentException for a vertex of another length, not finite, or far outside
   */
  public static Polygon of(double[]... vertices) {
    List<Point> points = new ArrayList<>();
    for (double[] vertex : vertices) {
      if (vertex.length != 2) {
        throw new IllegalArgumentException(
            "polygon: expected vertices of 2 coordinates, got "
                + vertex.length
                + "; write x and y");
      }
      points.add(new Point(vertex[0], vertex[1]));
    }
    return new Polygon(points);
  }

  /** This outline in an image scaled by the factors. */
  public Polygon scaled(double factorX, double factorY) {
    return new Polygon(vertices.stream().map(p -> p.scaled(factorX, factorY)).toList());
  }

  /** Inside and outline, with the vertices truncated to whole pixels as OpenCV takes them. */
  @Override
  public RegionMask rasterise(int width, int height) {
    return part(0, 0, width, height).requireShown("polygon");
  }

  /** What a part of the plane shows, which may lie outside the image; possibly nothing. */
  RegionMask part(int left, int top, int width, int height) {
    int[] xs = columns().map(x -> x - left).toArray();
    int[] ys = rows().map(y -> y - top).toArray();
    return PolygonFill.fill(xs, ys, width, height);
  }

  /** The part of the plane that holds inside and outline. */
  Drawn.Extent extent() {
    return new Drawn.Extent(
        columns().min().orElseThrow(),
        rows().min().orElseThrow(),
        columns().max().orElseThrow() + 1,
        rows().max().orElseThrow() + 1);
  }

  private IntStream columns() {
    return vertices.stream().mapToInt(vertex -> (int) (float) vertex.x());
  }

  private IntStream rows() {
    return vertices.stream().mapToInt(vertex -> (int) (float) vertex.y());
  }
}
