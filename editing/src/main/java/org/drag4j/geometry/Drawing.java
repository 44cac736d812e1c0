package org.drag4j.geometry;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a user drew on a picture: drags, and a mask of what may change. A region is rasterised once
 * for each view; one thread at a time uses a drawing.
 */
public final class Drawing {
  /** Whether regions overlap a picture of more pixels is checked on a reduced one. */
  private static final double MAX_RASTER = 1 << 24;

  /** Side of the reduced picture on which the targets of arrows are found for a window. */
  private static final double COARSE = 1024;

  /** Pixels of all rasterised regions that are kept: a bit each. */
  private static final long MAX_KEPT = 1L << 29;

  private final List<Drag> drags;
  private final Optional<Area> mask;
  private final int width;
  private final int height;
  // By identity: hashing a painted mask costs as much as rasterising an outline.
  private final IdentityHashMap<Area, Map<View, RegionMask>> rasters = new IdentityHashMap<>();
  private final IdentityHashMap<Area, Point> middles = new IdentityHashMap<>();
  private long kept;

  private Drawing(List<Drag> drags, Optional<Area> mask, int width, int height) {
    this.drags = List.copyOf(drags);
    this.mask = mask;
    this.width = width;
    this.height = height;
  }

  /**
   * A drawing on a picture of that size, in pixels.
   *
   * @throws EditDocumentException if a region lies wholly outside the picture, or a painted mask
   *     has another size
   */
  public static Drawing of(List<Drag> drags, Optional<Area> mask, int width, int height) {
    var drawing = new Drawing(drags, mask, width, height);
    mask.ifPresent(area -> drawing.requireOverlap("mask", area));
    for (int i = 0; i < drags.size(); i++) {
      var drag = drags.get(i);
      if (drag.handle().isPresent()) {
        drawing.requireOverlap(place(i) + ".handle", drag.handle().get());
      }
      if (drag.target().isPresent()) {
        drawing.requireOverlap(place(i) + ".target", drag.target().get());
      }
      if (drag.move().isPresent()) {
        drawing.requireArrival(place(i), drag);
      }
    }
    return drawing;
  }

  /** Refuses a move whose target is far outside; a nearer one has no cell, which is found later. */
  private void requireArrival(String where, Drag drag) {
    try {
      if (moved(drag, View.whole(width, height), Border.CUT).orElseThrow().leaves()) {
        throw new EditDocumentException(
            where + ".move",
            "one that ends in the picture of " + width + "x" + height,
            "one that ends wholly outside",
            "move less far, or about a point that is nearer");
      }
    } catch (IllegalArgumentException e) {
      throw EditDocumentException.about(where, e);
    }
  }

  private void requireOverlap(String where, Area area) {
    if (area instanceof Area.Painted(var png, var pixels)
        && (pixels.width() != width || pixels.height() != height)) {
      throw new EditDocumentException(
          where,
          "a mask of the picture's size, " + width + "x" + height,
          pixels.width() + "x" + pixels.height() + " in " + EditDocumentException.quote(png),
          "paint it over the picture");
    }
    if (area instanceof Area.Painted(var png, var pixels) && pixels.isEmpty()) {
      throw new EditDocumentException(
          where + ".png",
          "a mask with something set, brighter than middle grey",
          "an empty one in " + EditDocumentException.quote(png),
          "paint white what it should select");
    }
    double reduction = Math.min(1, Math.sqrt(MAX_RASTER / ((double) width * height)));
    try {
      int w = (int) Math.max(1, width * reduction);
      int h = (int) Math.max(1, height * reduction);
      var _ = region(area, View.whole(width, height, w, h));
    } catch (IllegalArgumentException e) {
      throw new EditDocumentException(
          where,
          "a region that overlaps the picture of " + width + "x" + height,
          "one wholly outside",
          "coordinates are pixels of the picture, (0, 0) at its top left");
    }
  }

  /** The place of a drag in a document, as messages name it. */
  static String place(int drag) {
    return "drags[" + drag + "]";
  }

  /** The drags, in the document's order. */
  public List<Drag> drags() {
    return drags;
  }

  /** What may change; empty where the drags say so. */
  public Optional<Area> mask() {
    return mask;
  }

  /** Width of the picture in pixels. */
  public int width() {
    return width;
  }

  /** Height of the picture in pixels. */
  public int height() {
    return height;
  }

  /**
   * The pixels of a region in the image of a view.
   *
   * @throws IllegalArgumentException if none of them lies inside
   */
  public RegionMask region(Area area, View view) {
    // Only points are cells of a view's grid; all else is the same under any grid.
    var shown =
        area instanceof Area.Points
            ? view
            : new View(
                view.x(),
                view.y(),
                view.windowWidth(),
                view.windowHeight(),
                view.width(),
                view.height(),
                1,
                1);
    var have = rasters.getOrDefault(area, Map.of()).get(shown);
    if (have != null) {
      return have;
    }
    var made = area.in(view).rasterise(view.width(), view.height());
    long pixels = (long) view.width() * view.height();
    if (kept + pixels <= MAX_KEPT) {
      kept += pixels;
      rasters.computeIfAbsent(area, _ -> new HashMap<>()).put(shown, made);
    }
    return made;
  }

  /** A region as a mapping takes it: what the view shows of it, or as it is drawn. */
  private Region region(Area area, View view, Border border) {
    return switch (border) {
      case SQUEEZED -> region(area, view);
      case CUT ->
          switch (area) {
            case Area.Painted _, Area.Points _ -> region(area, view);
            case Area.Outline _, Area.Rectangle _, Area.Ellipse _, Area.Brush _ -> {
              var drawn = area.in(view);
              yield Drawn.hanging(drawn, view.width(), view.height()).isPresent()
                  ? drawn
                  : region(area, view);
            }
          };
    };
  }

  /**
   * The middle of a region in the image of a view: of all that is drawn, or of what is shown.
   *
   * @throws IllegalArgumentException if nothing of it is shown
   */
  Point middle(Area area, View view, Border border) {
    var region = region(area, view, border);
    return Drawn.hanging(region, view.width(), view.height())
        .map(Drawn::middle)
        .orElseGet(() -> region(area, view).middle());
  }

  /**
   * The middle of all that is drawn of a region, in pixels of the picture, where that of its first
   * pixel is at a half.
   *
   * @throws IllegalArgumentException if it is far larger than the picture
   */
  private Point middle(Area area) {
    var have = middles.get(area);
    if (have != null) {
      return have;
    }
    var view = View.whole(width, height);
    var drawn = Drawn.hanging(area.in(view), width, height);
    var pixels = drawn.map(all -> all.raster(1)).orElseGet(() -> region(area, view));
    var first = pixels.middle();
    double x = drawn.map(Drawn::left).orElse(0) + first.x() + 0.5;
    double y = drawn.map(Drawn::top).orElse(0) + first.y() + 0.5;
    var middle = new Point(x, y);
    middles.put(area, middle);
    return middle;
  }

  /** The pixels of a drag's handle in the whole picture; none where it is arrows alone. */
  public RegionMask handle(int drag) {
    return drags
        .get(drag)
        .handle()
        .map(area -> region(area, View.whole(width, height)))
        .orElseGet(() -> RegionMask.none(width, height));
  }

  /**
   * The pixels of a drag's target in the whole picture: as drawn, or where a move or arrows carry
   * the handle.
   *
   * @throws EditDocumentException where the arrows carry nothing
   */
  public RegionMask target(int drag) {
    var view = View.whole(width, height);
    try {
      return target(drags.get(drag), view)
          .orElseGet(() ->
              mapping(drags.get(drag), view, Border.CUT)
                  .pixels(width, height)
                  .clamped(width, height)
                  .targets(width, height));
    } catch (IllegalArgumentException e) {
      throw EditDocumentException.about(place(drag), e);
    }
  }

  /** The pixels of a drag's target in the image of a view; empty where arrows say where it is. */
  private Optional<RegionMask> target(Drag drag, View view) {
    var moved = moved(drag, view, Border.CUT);
    return moved.isPresent()
        ? Optional.of(moved.get().targets())
        : drag.target().map(area -> region(area, view));
  }

  /** Handles and targets, but those of arrows. */
  RegionMask regions(View view) {
    var regions = RegionMask.none(view.width(), view.height());
    for (var drag : drags) {
      if (drag.handle().isPresent()) {
        regions = regions.union(region(drag.handle().get(), view));
      }
      var target = target(drag, view);
      if (target.isPresent()) {
        regions = regions.union(target.get());
      }
    }
    return regions;
  }

  /** What the mask allows to change in the image of a view; everything where there is none. */
  public RegionMask editable(View view) {
    return mask.map(area -> region(area, view))
        .orElseGet(() -> RegionMask.all(view.width(), view.height()));
  }

  /**
   * The whole picture, reduced where it is larger than the model's own size.
   *
   * @param longest side of what the model sees, in pixels
   * @param factor pixels to a latent cell
   */
  public Frame whole(int longest, int factor) {
    return Frame.whole(width, height, WorkingSize.of(width, height, longest, factor));
  }

  /**
   * The whole picture, enlarged.
   *
   * @param longest side of what the model sees, in pixels; more than the picture's
   * @param factor pixels to a latent cell
   * @throws EditDocumentException if a latent cell is less than a pixel of the picture
   */
  public Frame enlarged(int longest, int factor) {
    int side = Math.max(width, height);
    if (longest > side * factor) {
      throw new EditDocumentException(
          "working.size",
          "at most %d times the longer side of the picture of %dx%d, %d"
              .formatted(factor, width, height, side * factor),
          String.valueOf(longest),
          "choose a smaller size");
    }
    return Frame.whole(width, height, WorkingSize.scaled(width, height, longest, factor));
  }

  /**
   * A window around what may change where the picture is larger than the model's own size, else the
   * whole picture.
   *
   * @param longest side of what the model sees, in pixels
   * @param factor pixels to a latent cell
   */
  public Frame window(int longest, int factor) {
    if (Math.max(width, height) <= longest) {
      return whole(longest, factor);
    }
    var shown = touched();
    if (mask.isPresent()) {
      shown = shown.union(region(mask.get(), View.whole(width, height)));
    }
    return Frame.around(shown, longest, factor);
  }

  /** Where something is taken from or goes to, in the whole picture; roughly where arrows end. */
  public RegionMask touched() {
    return regions(View.whole(width, height)).union(arrowTargets());
  }

  /**
   * Where arrows move their handles, roughly: their arithmetic is too coarse for the size of a
   * large picture, and a window needs no more.
   */
  private RegionMask arrowTargets() {
    double reduction = Math.min(1, COARSE / Math.max(width, height));
    int w = (int) Math.max(1, width * reduction);
    int h = (int) Math.max(1, height * reduction);
    var view = View.whole(width, height, w, h);
    var moved = RegionMask.none(w, h);
    for (var drag : drags) {
      if (drag.mapping() == Drag.Kind.POINTS) {
        moved =
            moved.union(drag.handle().isPresent() ? coarseTargets(drag, view) : ends(drag, view));
      }
    }
    return moved.in(new View(0, 0, w, h, width, height, 1, 1));
  }

  private RegionMask coarseTargets(Drag drag, View view) {
    int w = view.width();
    int h = view.height();
    try {
      return mapping(drag, view, Border.CUT).pixels(w, h).clamped(w, h).targets(w, h);
    } catch (IllegalArgumentException e) {
      // Too small to be seen reduced: the handle alone says where.
      return RegionMask.none(w, h);
    }
  }

  /** The pixels where the arrows of a drag start and end, as far as they are in the picture. */
  private static RegionMask ends(Drag drag, View view) {
    byte[] ends = new byte[view.width() * view.height()];
    for (var arrow : drag.points()) {
      for (var end : List.of(view.of(arrow.from()), view.of(arrow.to()))) {
        int x = (int) Math.clamp(end.x(), 0, view.width() - 1);
        int y = (int) Math.clamp(end.y(), 0, view.height() - 1);
        ends[y * view.width() + x] = 1;
      }
    }
    return RegionMask.of(view.width(), view.height(), ends);
  }

  /**
   * The pairs of pixels or cells a drag stands for, in the image of a view.
   *
   * @throws IllegalArgumentException if a region is outside the image
   */
  RegionMapping mapping(Drag drag, View view, Border border) {
    return drag.mapping(view, border, (area, of) -> region(area, view, of), this::middle);
  }

  /**
   * The mapping of a drag that has a move; empty where it has none.
   *
   * @throws IllegalArgumentException if the handle is outside the image
   */
  Optional<MoveMapping> moved(Drag drag, View view, Border border) {
    return drag.move().isPresent() && mapping(drag, view, border) instanceof MoveMapping move
        ? Optional.of(move)
        : Optional.empty();
  }
}
