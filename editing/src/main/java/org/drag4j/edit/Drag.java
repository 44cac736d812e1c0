package org.drag4j.edit;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.drag4j.geometry.Arrow;
import org.drag4j.geometry.PolygonMapping;
import org.drag4j.geometry.RegionMapping;
import org.drag4j.geometry.RegionPairMapping;
import org.drag4j.geometry.RegionPointsMapping;

/**
 * One region of the picture and where it goes.
 *
 * @param name for people; may be empty
 * @param handle what is moved
 * @param target where to; absent with {@link Kind#POINTS}, and only there
 * @param points arrows that start on the handle; only with {@link Kind#POINTS}, and not empty there
 * @param mapping how the handle's pixels spread over the target
 */
public record Drag(
    String name, Area handle, Optional<Area> target, List<Arrow> points, Kind mapping) {
  static final int MAX_POINTS = 1024;
  static final int MAX_NAME = 200;

  /** How a handle is carried onto its target. */
  public enum Kind {
    /** Stretched column by column: RegionDrag's region pair. */
    REGION(0),
    /** Triangle to triangle. */
    AFFINE(3),
    /** Quadrilateral to quadrilateral. */
    PERSPECTIVE(4),
    /** Moved by arrows. */
    POINTS(0);

    private final int vertices;

    Kind(int vertices) {
      this.vertices = vertices;
    }

    /** The name in a document. */
    public String json() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * Checks that the parts fit together.
   *
   * @throws EditDocumentException naming the field that does not
   */
  public Drag {
    points = List.copyOf(points);
    if (name.length() > MAX_NAME) {
      throw new EditDocumentException(
          "name",
          "at most " + MAX_NAME + " characters",
          String.valueOf(name.length()),
          "shorten it");
    }
    if (mapping == Kind.POINTS) {
      if (target.isPresent()) {
        throw new EditDocumentException(
            "target",
            "none with mapping \"points\"",
            "a region",
            "remove it, or choose the mapping \"region\"");
      }
      if (points.isEmpty() || points.size() > MAX_POINTS) {
        throw new EditDocumentException(
            "points",
            "1 to " + MAX_POINTS + " arrows with mapping \"points\"",
            String.valueOf(points.size()),
            "give at least one that starts on the handle");
      }
    } else {
      if (target.isEmpty()) {
        throw new EditDocumentException(
            "target",
            "a region with mapping \"" + mapping.json() + "\"",
            "none",
            "say where the handle goes");
      }
      if (!points.isEmpty()) {
        throw new EditDocumentException(
            "points",
            "none with mapping \"" + mapping.json() + "\"",
            points.size() + " arrows",
            "remove them, or choose the mapping \"points\"");
      }
    }
    if (mapping.vertices > 0) {
      requireVertices("handle", handle, mapping);
      requireVertices("target", target.orElseThrow(), mapping);
      try {
        mapping(mapping, handle, target, points, 1, 1);
      } catch (IllegalArgumentException e) {
        throw EditDocumentException.about("mapping", e);
      }
    }
  }

  /** A region stretched onto another one. */
  public static Drag region(Area handle, Area target) {
    return new Drag("", handle, Optional.of(target), List.of(), Kind.REGION);
  }

  private static void requireVertices(String field, Area area, Kind kind) {
    String expected =
        "a polygon of " + kind.vertices + " vertices with mapping \"" + kind.json() + "\"";
    String remedy = "choose the mapping \"region\" for other shapes";
    switch (area) {
      case Area.Painted _ ->
          throw new EditDocumentException(field, expected, "a painted mask", remedy);
      case Area.Outline(var polygon) -> {
        int n = polygon.vertices().size();
        if (n != kind.vertices) {
          throw new EditDocumentException(field + ".polygon", expected, String.valueOf(n), remedy);
        }
      }
    }
  }

  /** The pairs of pixels or cells this drag stands for, in the picture scaled by the factors. */
  public RegionMapping mapping(double factorX, double factorY) {
    return mapping(mapping, handle, target, points, factorX, factorY);
  }

  private static RegionMapping mapping(
      Kind kind,
      Area handle,
      Optional<Area> target,
      List<Arrow> points,
      double factorX,
      double factorY) {
    return switch (kind) {
      case REGION ->
          new RegionPairMapping(
              handle.scaled(factorX, factorY), target.orElseThrow().scaled(factorX, factorY));
      case AFFINE, PERSPECTIVE ->
          new PolygonMapping(
              outline(handle).polygon().scaled(factorX, factorY),
              outline(target.orElseThrow()).polygon().scaled(factorX, factorY));
      case POINTS ->
          new RegionPointsMapping(
              handle.scaled(factorX, factorY),
              points.stream().map(arrow -> arrow.scaled(factorX, factorY)).toList());
    };
  }

  private static Area.Outline outline(Area area) {
    return switch (area) {
      case Area.Outline outline -> outline;
      case Area.Painted _ -> throw new IllegalStateException("checked when the drag was made");
    };
  }
}
