package org.drag4j.geometry;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * One region of the picture and where it goes.
 *
 * @param name for people; may be empty
 * @param handle what is moved; may be absent with {@link Kind#POINTS}, for methods that move the
 *     points alone
 * @param target where to; absent with {@link Kind#MOVE} and {@link Kind#POINTS}, and only there
 * @param move how the handle is moved in one piece; with {@link Kind#MOVE}, and only there
 * @param points arrows, which start on the handle if there is one; only with {@link Kind#POINTS},
 *     and not empty there
 * @param mapping how the handle's pixels spread over the target
 */
public record Drag(
    String name,
    Optional<Area> handle,
    Optional<Area> target,
    Optional<Move> move,
    List<Arrow> points,
    Kind mapping) {
  /** The most arrows of one drag. */
  public static final int MAX_POINTS = 1024;

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
    POINTS(0),
    /** Shifted, turned and scaled in one piece. */
    MOVE(0),
    /** Latent cell by latent cell: points onto points. */
    CELLS(0);

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
    if (handle.isEmpty() && mapping != Kind.POINTS) {
      throw new EditDocumentException("handle", "the region to move", "nothing", "add it");
    }
    requireAim(target, move, points, mapping);
    if (mapping == Kind.MOVE && handle.orElseThrow() instanceof Area.Points) {
      throw new EditDocumentException(
          "handle",
          "a region that is drawn with mapping \"move\"",
          "points",
          "draw it, or pair cells with the mapping \"cells\"");
    }
    if (mapping == Kind.CELLS) {
      int sources = requirePoints("handle", handle.orElseThrow()).size();
      int targets = requirePoints("target", target.orElseThrow()).size();
      if (sources != targets) {
        throw new EditDocumentException(
            "target.points",
            "as many as the handle has, " + sources,
            String.valueOf(targets),
            "pair them");
      }
    }
    if (mapping.vertices > 0) {
      requireVertices("handle", handle.orElseThrow(), mapping);
      requireVertices("target", target.orElseThrow(), mapping);
      try {
        var _ = new PolygonMapping(corners(handle.orElseThrow()), corners(target.orElseThrow()));
      } catch (IllegalArgumentException e) {
        throw EditDocumentException.about("mapping", e);
      }
    }
  }

  /** A drag that has no move. */
  public Drag(
      String name, Optional<Area> handle, Optional<Area> target, List<Arrow> points, Kind mapping) {
    this(name, handle, target, Optional.empty(), points, mapping);
  }

  /** A region stretched onto another one. */
  public static Drag region(Area handle, Area target) {
    return new Drag("", Optional.of(handle), Optional.of(target), List.of(), Kind.REGION);
  }

  /** A region moved in one piece. */
  public static Drag moved(Area handle, Move move) {
    return new Drag(
        "", Optional.of(handle), Optional.empty(), Optional.of(move), List.of(), Kind.MOVE);
  }

  /** The one of target, move and arrows that the mapping takes, and none of the others. */
  private static void requireAim(
      Optional<Area> target, Optional<Move> move, List<Arrow> points, Kind mapping) {
    String with = " with mapping \"" + mapping.json() + "\"";
    boolean aimed = mapping != Kind.POINTS && mapping != Kind.MOVE;
    if (move.isPresent() && mapping != Kind.MOVE) {
      throw new EditDocumentException(
          "move", "none" + with, "one", "remove it, or choose the mapping \"move\"");
    }
    if (target.isPresent() && !aimed) {
      throw new EditDocumentException(
          "target",
          "none" + with,
          "a region",
          mapping == Kind.MOVE
              ? "remove it, or remove the move"
              : "remove it, or choose the mapping \"region\"");
    }
    if (!points.isEmpty() && mapping != Kind.POINTS) {
      throw new EditDocumentException(
          "points",
          "none" + with,
          points.size() + " arrows",
          mapping == Kind.MOVE
              ? "remove them, or remove the move"
              : "remove them, or choose the mapping \"points\"");
    }
    if (target.isEmpty() && aimed) {
      throw new EditDocumentException(
          "target", "a region" + with, "none", "say where the handle goes");
    }
    if (move.isEmpty() && mapping == Kind.MOVE) {
      throw new EditDocumentException(
          "move", "by, rotate or scale" + with, "nothing", "say how the handle moves");
    }
    if (mapping == Kind.POINTS && (points.isEmpty() || points.size() > MAX_POINTS)) {
      throw new EditDocumentException(
          "points",
          "1 to " + MAX_POINTS + " arrows" + with,
          String.valueOf(points.size()),
          "give at least one that starts on the handle");
    }
  }

  private static void requireVertices(String field, Area area, Kind kind) {
    String expected =
        "a polygon of " + kind.vertices + " vertices with mapping \"" + kind.json() + "\"";
    String remedy = "choose the mapping \"region\" for other shapes";
    var corners = area.corners();
    if (corners.isEmpty()) {
      throw new EditDocumentException(field, expected, area.kind(), remedy);
    }
    int n = corners.get().vertices().size();
    if (n != kind.vertices) {
      throw new EditDocumentException(
          field + "." + area.kind(), expected, String.valueOf(n), remedy);
    }
  }

  private static List<Point> requirePoints(String field, Area area) {
    return switch (area) {
      case Area.Points(var at) -> at;
      case Area.Outline _, Area.Rectangle _, Area.Ellipse _, Area.Brush _, Area.Painted _ ->
          throw new EditDocumentException(
              field,
              "points with mapping \"cells\"",
              area.kind(),
              "list a point in every cell, or choose another mapping");
    };
  }

  /**
   * The handle, for a method that moves regions.
   *
   * @throws IllegalArgumentException where the drag is arrows alone
   */
  public Area requireHandle() {
    return handle.orElseThrow(() ->
        new IllegalArgumentException(
            "handle: expected the region to move, got arrows alone; draw it around their starts"));
  }

  /**
   * The pairs of pixels or cells this drag stands for, in the image of a view.
   *
   * @param regions an area in that image
   * @param middles the middle of an area in the picture
   * @throws IllegalArgumentException where the drag is arrows alone
   */
  RegionMapping mapping(
      View view,
      Border border,
      BiFunction<Area, Border, Region> regions,
      Function<Area, Point> middles) {
    return switch (mapping) {
      case REGION ->
          new RegionPairMapping(
              regions.apply(requireHandle(), border),
              regions.apply(target.orElseThrow(), border),
              border);
      case AFFINE, PERSPECTIVE ->
          new PolygonMapping(
              view.of(corners(requireHandle())), view.of(corners(target.orElseThrow())));
      case POINTS ->
          new RegionPointsMapping(
              regions.apply(requireHandle(), Border.SQUEEZED),
              points.stream().map(view::of).toList());
      case MOVE -> {
        var how = move.orElseThrow();
        var centre = how.about().orElseGet(() -> middles.apply(requireHandle()));
        yield new MoveMapping(
            regions.apply(requireHandle(), border), Similarity.of(how, centre), view);
      }
      case CELLS ->
          new CellsMapping(
              requirePoints("handle", requireHandle()).stream().map(view::of).toList(),
              requirePoints("target", target.orElseThrow()).stream().map(view::of).toList(),
              view);
    };
  }

  private static Polygon corners(Area area) {
    return area.corners()
        .orElseThrow(() -> new IllegalStateException("checked when the drag was made"));
  }
}
