package org.drag4j.geometry;

import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a user drew on a picture: drags, and a mask of what may change. A region is rasterised once
 * for each view; one thread at a time uses a drawing.
 */
public final class Drawing {
  /** Whether regions overlap a picture of more pixels is checked on a reduced one. */
  private static final double MAX_RASTER = 1 << 24;

  /** Side of the reduced picture on which the targets of arrows are found for a window. */
  private static final double COARSE = 1024;

  /** Pixels of the picture times drags above which all drags share a window: a bit each. */
  private static final long MAX_GROUPED = 1L << 31;

  private final List<Drag> drags;
  private final int[] places;
  private final Optional<Drawing> apart;
  private final Optional<Area> mask;
  private final int width;
  private final int height;
  private final Rasters rasters;
  private final IdentityHashMap<Area, Point> middles = new IdentityHashMap<>();
  private @Nullable RegionMask touched;

  private Drawing(
      List<Drag> drags,
      int[] places,
      Optional<Drawing> apart,
      Optional<Area> mask,
      int width,
      int height,
      Rasters rasters) {
    this.drags = List.copyOf(drags);
    this.places = places;
    this.apart = apart;
    this.mask = mask;
    this.width = width;
    this.height = height;
    this.rasters = rasters;
  }

  /**
   * A drawing on a picture of that size, in pixels.
   *
   * @throws EditDocumentException if a region lies wholly outside the picture, or a painted mask
   *     has another size
   */
  public static Drawing of(List<Drag> drags, Optional<Area> mask, int width, int height) {
    int[] places = IntStream.range(0, drags.size()).toArray();
    var drawing = new Drawing(drags, places, Optional.empty(), mask, width, height, new Rasters());
    mask.ifPresent(area -> drawing.requireOverlap("mask", area));
    for (int i = 0; i < drags.size(); i++) {
      var drag = drags.get(i);
      if (drag.handle().isPresent()) {
        drawing.requireOverlap(drawing.place(i) + ".handle", drag.handle().get());
      }
      if (drag.target().isPresent()) {
        drawing.requireOverlap(drawing.place(i) + ".target", drag.target().get());
      }
      if (drag.move().isPresent()) {
        drawing.requireArrival(drawing.place(i), drag);
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
  public String place(int drag) {
    return "drags[" + places[drag] + "]";
  }

  /** The places of drags in a document, in their order. */
  public List<Integer> places() {
    return Arrays.stream(places).boxed().toList();
  }

  /**
   * Some of the drags by themselves: what the others take or fill does not change.
   *
   * @param which numbers of drags, ascending
   */
  Drawing only(List<Integer> which) {
    var others = IntStream.range(0, drags.size()).boxed().filter(i -> !which.contains(i)).toList();
    var apart =
        others.isEmpty() ? Optional.<Drawing>empty() : Optional.of(part(others, Optional.empty()));
    return part(which, apart);
  }

  private Drawing part(List<Integer> which, Optional<Drawing> without) {
    return new Drawing(
        which.stream().map(drags::get).toList(),
        which.stream().mapToInt(i -> places[i]).toArray(),
        without,
        mask,
        width,
        height,
        rasters);
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
    return rasters.of(area, view);
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

  /** Handles and targets, but those of arrows, as far as a view shows them. */
  RegionMask regions(View view) {
    var regions = RegionMask.none(view.width(), view.height());
    for (var drag : drags) {
      if (drag.handle().isPresent()) {
        regions = regions.union(shown(drag.handle().get(), view));
      }
      var target = shownTarget(drag, view);
      if (target.isPresent()) {
        regions = regions.union(target.get());
      }
    }
    return regions;
  }

  private Optional<RegionMask> shownTarget(Drag drag, View view) {
    try {
      return target(drag, view);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** What a view shows of a region, which may be nothing. */
  private RegionMask shown(Area area, View view) {
    try {
      return region(area, view);
    } catch (IllegalArgumentException e) {
      return RegionMask.none(view.width(), view.height());
    }
  }

  /**
   * What the mask allows to change in the image of a view, everything where there is none; but
   * nothing that drags apart from these take or fill.
   */
  public RegionMask editable(View view) {
    return open(
        mask.map(area -> shown(area, view))
            .orElseGet(() -> RegionMask.all(view.width(), view.height())),
        view);
  }

  /** The part of a mask that drags apart from these neither take nor fill. */
  RegionMask open(RegionMask pixels, View view) {
    return apart.map(other -> pixels.without(other.touched().in(view))).orElse(pixels);
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

  /**
   * Windows fitted to the drags, where the picture is larger than what the model sees of it. Drags
   * far apart have windows of their own, each at the highest resolution at which that is possible;
   * drags that meet share one. A window that cannot hold the whole mask at that resolution cuts it.
   *
   * @param longest side of what the model sees, in pixels
   * @param zoom pixels it sees to one of the picture, at most, in windows with small moves; in
   *     others that is 1
   * @param factor pixels to a latent cell
   * @param border what becomes of regions that hang over the picture's border
   * @return one for each group of drags, in the order of their first ones
   */
  public List<Window> windows(int longest, double zoom, int factor, Border border) {
    return groups(longest).stream()
        .map(this::only)
        .map(drawing -> {
          double enlarged = zoom > 1 && Zoom.hasSmallMoves(drawing, border) ? zoom : 1;
          return new Window(drawing, drawing.fitted(longest, enlarged, factor));
        })
        .toList();
  }

  /**
   * Drags that share a window.
   *
   * @param drawing of these drags alone
   */
  public record Window(Drawing drawing, Frame frame) {}

  private Frame fitted(int longest, double zoom, int factor) {
    int side = (int) Math.round(Math.max(width, height) * zoom);
    if (side <= longest) {
      return Frame.whole(width, height, WorkingSize.scaled(width, height, side, factor));
    }
    var alone = touched();
    var all = mask.map(area -> alone.union(region(area, View.whole(width, height)))).orElse(alone);
    int least = (int) Math.round(longest / zoom);
    boolean fits = Frame.side(all.bounds(), least) == Frame.side(alone.bounds(), least);
    return Frame.fitted(fits ? all : alone, longest, zoom, factor);
  }

  private List<List<Integer>> groups(int longest) {
    var all = IntStream.range(0, drags.size()).boxed().toList();
    boolean together =
        drags.size() == 1
            || Math.max(width, height) <= longest
            || (long) drags.size() * width * height > MAX_GROUPED;
    return together
        ? List.of(all)
        : Groups.of(all.stream().map(i -> only(List.of(i)).touched()).toList(), longest);
  }

  /** Where something is taken from or goes to, in the whole picture; roughly where arrows end. */
  public RegionMask touched() {
    if (touched == null) {
      touched = regions(View.whole(width, height)).union(arrowTargets());
    }
    return touched;
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
