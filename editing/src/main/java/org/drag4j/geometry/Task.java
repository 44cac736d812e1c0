package org.drag4j.geometry;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What the drags mean in a picture, as a model sees it: pairs of pixels and of latent cells,
 * arrows, handles, what may change. Each is computed once; one thread at a time uses a task.
 */
public final class Task {
  private final Drawing drawing;
  private final Frame frame;
  private final Map<View, List<Mapping>> pixels = new HashMap<>();
  private final Map<Overlap, Merged> merged = new EnumMap<>(Overlap.class);

  /** The drawing in a frame of its picture. */
  public Task(Drawing drawing, Frame frame) {
    this.drawing = drawing;
    this.frame = frame;
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
   * the one from the middle of its handle to the middle of its target.
   */
  public List<Arrow> arrows() {
    var arrows = new ArrayList<Arrow>();
    for (var drag : drags()) {
      if (drag.points().isEmpty()) {
        var handle = drawing.region(drag.requireHandle(), view());
        var target = drawing.region(drag.target().orElseThrow(), view());
        arrows.add(new Arrow(handle.middle(), target.middle()));
      } else {
        drag.points().forEach(arrow -> arrows.add(view().of(arrow)));
      }
    }
    return arrows;
  }

  /** The pixels that may change, as the model sees them; all of them without a mask. */
  public RegionMask editable() {
    return drawing.editable(view());
  }

  /** The latent cells of all handles, whether or not something is copied from them. */
  public RegionMask handles() {
    var handles = RegionMask.none(view().columns(), view().rows());
    for (var drag : drags()) {
      if (drag.handle().isPresent()) {
        handles = handles.union(drawing.region(drag.handle().get(), view()).toCells());
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

    /** Which pixels of a view's image move where. */
    public Mapping pixels(View in) {
      int w = in.width();
      int h = in.height();
      var parts = pixels.computeIfAbsent(in, v -> parts(v, (_, m) -> m.pixels(w, h)));
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
          found.add(drawing.mapping(drag, in).pixels(w, h));
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
      }
      return cells;
    }

    /** The pairs of latent cells of some drags. */
    public Mapping of(List<Mapping> parts) {
      return by.merged(parts, view().columns(), view().rows());
    }
  }

  private Mapping cells(int drag, RegionMapping mapping) {
    var found = mapping.cells(view().width(), view().height());
    if (found.clamped(view().columns(), view().rows()).size() == 0) {
      throw new EditDocumentException(
          Drawing.place(drag),
          "a drag of at least one cell of 8x8 pixels",
          "none inside the image",
          "draw it larger, or nearer to the middle");
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
      return given.isEmpty() ? Drawing.place(drag) : given;
    }

    /**
     * Its pairs of latent cells inside the view.
     *
     * @throws IllegalArgumentException if a region is outside the image or covers no cell
     */
    public Mapping cells() {
      return drawing
          .mapping(drags().get(drag), view())
          .cells(view().width(), view().height())
          .clamped(view().columns(), view().rows());
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

  private List<Mapping> parts(View in, BiFunction<Integer, RegionMapping, Mapping> map) {
    var parts = new ArrayList<Mapping>();
    for (int i = 0; i < drags().size(); i++) {
      try {
        parts.add(map.apply(i, drawing.mapping(drags().get(i), in)));
      } catch (IllegalArgumentException e) {
        throw EditDocumentException.about(Drawing.place(i), e);
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
    return touched.grown((int) Math.round(margin));
  }

  /** Whether the user drew what may change. */
  public boolean masked() {
    return drawing.mask().isPresent();
  }
}
