package org.drag4j.geometry;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What the drags mean in a picture, as a model sees it: pairs of pixels and of latent cells,
 * arrows, handles, what may change. Each is computed once; one thread at a time uses a task.
 */
public final class Task {
  private final Drawing drawing;
  private final Frame frame;
  private final Border border;
  private final Pairing pairing;
  private final Map<View, List<Mapping>> pixels = new HashMap<>();
  private final Map<Overlap, Merged> merged = new EnumMap<>(Overlap.class);

  /**
   * The drawing in a frame of its picture.
   *
   * @param border what becomes of regions that hang over the picture's border
   * @param pairing which latent cell is copied to which
   */
  public Task(Drawing drawing, Frame frame, Border border, Pairing pairing) {
    this.drawing = drawing;
    this.frame = frame;
    this.border = border;
    this.pairing = pairing;
  }

  /** What the user drew. */
  public Drawing drawing() {
    return drawing;
  }

  /** The part of the picture that the model sees, and at which size. */
  public Frame frame() {
    return frame;
  }

  /** The frame's window as the model sees it. */
  public View view() {
    return frame.working();
  }

  /** The drags, in the document's order. */
  public List<Drag> drags() {
    return drawing.drags();
  }

  /**
   * The arrows, in pixels of what the model sees: those that are drawn, and for a drag without any
   * the one from the middle of its handle to the middle of its target, or to where a move carries
   * that middle. Of a handle that hangs over the picture's border it starts in the middle of what
   * is shown.
   */
  public List<Arrow> arrows() {
    var arrows = new ArrayList<Arrow>();
    for (var drag : drags()) {
      if (drag.points().isEmpty()) {
        var from = drawing.region(drag.requireHandle(), view()).middle();
        arrows.add(new Arrow(from, end(drag, from)));
      } else {
        drag.points().forEach(arrow -> arrows.add(view().of(arrow)));
      }
    }
    return arrows;
  }

  /** Where a drag without arrows carries a position on its handle. */
  private Point end(Drag drag, Point from) {
    var moved = drawing.moved(drag, view(), border);
    if (moved.isPresent()) {
      return moved.get().moved(from);
    }
    var handle = drawing.middle(drag.requireHandle(), view(), border);
    var target = drawing.middle(drag.target().orElseThrow(), view(), border);
    return new Point(target.x() + (from.x() - handle.x()), target.y() + (from.y() - handle.y()));
  }

  /** The pixels that may change, as the model sees them; all of them without a mask. */
  public RegionMask editable() {
    return editable(view());
  }

  /** The pixels of a view's image that may change; all of them without a mask. */
  public RegionMask editable(View in) {
    return drawing.editable(in);
  }

  /** The latent cells whose top left pixel may change, {@code [rows, columns]}. */
  public boolean[] editableCells() {
    return editable().sample(view().columns(), view().rows());
  }

  /** The latent cells of all handles, whether or not something is copied from them. */
  public RegionMask handles() {
    return handles(view(), RegionMask.none(view().columns(), view().rows()), RegionMask::toCells);
  }

  /** The pixels of all handles in the image of a view, as far as they are shown. */
  public RegionMask handles(View in) {
    return handles(in, RegionMask.none(in.width(), in.height()), UnaryOperator.identity());
  }

  private RegionMask handles(View in, RegionMask none, UnaryOperator<RegionMask> as) {
    var handles = none;
    for (var drag : drags()) {
      if (drag.handle().isPresent()) {
        handles = handles.union(as.apply(drawing.region(drag.handle().get(), in)));
      }
    }
    return handles;
  }

  /** The pairs of all drags, where several go to the same place by this rule. */
  public Merged merged(Overlap by) {
    return merged.computeIfAbsent(by, Merged::new);
  }

  /** The pairs of all drags, each target with the drag that gets it. */
  public final class Merged {
    private final Overlap by;
    private @Nullable Mapping cells;

    private Merged(Overlap by) {
      this.by = by;
    }

    /** Which pixels of the frame's window move where, at the picture's own size. */
    public Mapping pixels() {
      return pixels(view().original());
    }

    /** Which pixels of what the model sees come from where, by the pairs of latent cells. */
    public Mapping spread() {
      return cells().clamped(view().columns(), view().rows()).spread(view());
    }

    /** Which pixels of a view's image move where. */
    public Mapping pixels(View in) {
      int w = in.width();
      int h = in.height();
      var parts = pixels.computeIfAbsent(in, v -> parts(v, m -> m.pixels(w, h)));
      return by.merged(parts, w, h).clamped(w, h);
    }

    /** As {@link #pixels()}, of those drags that can be done. */
    public Mapping possible() {
      var in = view().original();
      int w = in.width();
      int h = in.height();
      var found = new ArrayList<Mapping>();
      for (var drag : drags()) {
        try {
          found.add(drawing.mapping(drag, in, border).pixels(w, h));
        } catch (IllegalArgumentException e) {
          found.add(Mapping.EMPTY);
        }
      }
      return by.merged(found, w, h).clamped(w, h);
    }

    /**
     * The pairs of latent cells as released: targets inside, sources possibly outside.
     *
     * @throws EditDocumentException if a drag moves none
     */
    public Mapping cells() {
      if (cells == null) {
        cells = of(parts(view(), Task.this::cells));
        // What the picture's own size would be refused for is refused before the work.
        var _ = parts(view().original(), _ -> Mapping.EMPTY);
      }
      return cells;
    }

    /** The pairs of latent cells of some drags. */
    public Mapping of(List<Mapping> parts) {
      return by.merged(parts, view().columns(), view().rows());
    }
  }

  private Mapping cells(RegionMapping mapping) {
    int w = view().width();
    int h = view().height();
    var found =
        switch (pairing) {
          case NEAREST -> {
            var nearest = mapping.pixels(w, h).nearestCells(view());
            // Where no middle of a cell is in the target, a cell that it touches has to do.
            yield nearest.size() > 0 ? nearest : mapping.cells(w, h);
          }
          case AS_RELEASED -> mapping.cells(w, h);
        };
    if (found.clamped(view().columns(), view().rows()).size() == 0) {
      throw new IllegalArgumentException(
          "expected a drag of at least one cell of 8x8 pixels, got none inside the image; draw it"
              + " larger, or nearer to the middle");
    }
    return found;
  }

  /** One drag by itself, whether or not it can be done. */
  public final class Part {
    private final int drag;

    private Part(int drag) {
      this.drag = drag;
    }

    /** Its name, or else its place in the document. */
    public String name() {
      String given = drags().get(drag).name();
      return given.isEmpty() ? drawing.place(drag) : given;
    }

    /**
     * Its pairs of latent cells inside the view.
     *
     * @throws IllegalArgumentException if a region is outside the image or covers no cell, or
     *     nothing arrives inside the image
     */
    public Mapping cells() {
      return Task.this
          .cells(drawing.mapping(drags().get(drag), view(), border))
          .clamped(view().columns(), view().rows());
    }

    /** Its pairs of pixels inside the frame's window, at the picture's own size, if it has any. */
    public Mapping pixels() {
      var in = view().original();
      try {
        return drawing
            .mapping(drags().get(drag), in, border)
            .pixels(in.width(), in.height())
            .clamped(in.width(), in.height());
      } catch (IllegalArgumentException e) {
        return Mapping.EMPTY;
      }
    }

    /**
     * Whether everything stays where it is.
     *
     * @throws IllegalArgumentException as {@link #cells}
     */
    public boolean isStill() {
      return switch (pairing) {
        case NEAREST -> {
          int w = view().width();
          int h = view().height();
          yield drawing
              .mapping(drags().get(drag), view(), border)
              .pixels(w, h)
              .clamped(w, h)
              .isStill();
        }
        case AS_RELEASED -> cells().isStill();
      };
    }

    /** The places of its arrows that start beside the handle and so move nothing. */
    public List<String> idle() {
      return drawing.mapping(drags().get(drag), view(), border)
              instanceof RegionPointsMapping points
          ? points.idle(view().width(), view().height()).stream()
              .map(arrow -> drawing.place(drag) + ".points[" + arrow + "]")
              .toList()
          : List.of();
    }

    /**
     * The latent cells of its handle.
     *
     * @throws IllegalArgumentException if it is outside the image
     */
    public RegionMask handle() {
      return drawing.region(drags().get(drag).requireHandle(), view()).toCells();
    }
  }

  /** The drags one by one. */
  public List<Part> parts() {
    return IntStream.range(0, drags().size()).mapToObj(Part::new).toList();
  }

  private List<Mapping> parts(View in, Function<RegionMapping, Mapping> map) {
    var parts = new ArrayList<Mapping>();
    for (int i = 0; i < drags().size(); i++) {
      try {
        parts.add(map.apply(drawing.mapping(drags().get(i), in, border)));
      } catch (IllegalArgumentException e) {
        throw EditDocumentException.about(drawing.place(i), e);
      }
    }
    return parts;
  }

  /**
   * What may change, in the frame's window at the picture's own size.
   *
   * @param moved the pixels that were moved there
   * @param margin how far around handles and targets the picture may change where there is no mask,
   *     in pixels of the picture
   */
  public RegionMask change(Mapping moved, double margin) {
    var original = view().original();
    if (drawing.mask().isPresent()) {
      return drawing.editable(original);
    }
    var touched =
        moved.targets(original.width(), original.height()).union(drawing.regions(original));
    return drawing.open(touched.grown((int) Math.round(margin)), original);
  }

  /**
   * The frame's window at the picture's own size, without its outermost pixels where the picture
   * goes on beyond them: what changes up to there can meet what stays softly.
   */
  public RegionMask inner() {
    var view = view();
    int w = view.windowWidth();
    int h = view.windowHeight();
    return RegionMask.rectangle(
        w,
        h,
        view.x() > 0 ? 1 : 0,
        view.y() > 0 ? 1 : 0,
        view.x() + w < drawing.width() ? w - 1 : w,
        view.y() + h < drawing.height() ? h - 1 : h);
  }

  /** Whether the user drew what may change. */
  public boolean masked() {
    return drawing.mask().isPresent();
  }
}
