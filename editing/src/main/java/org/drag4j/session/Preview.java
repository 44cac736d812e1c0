package org.drag4j.session;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.drag4j.document.EditDocument;
import org.drag4j.document.EditDocumentException;
import org.drag4j.geometry.Frame;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.View;
import org.drag4j.picture.Picture;

/**
 * What an edit will copy, shown without a model: the engine's own pairs of latent cells, as pixels
 * of the picture.
 *
 * @param picture with every target cell replaced by its source cell
 * @param frame the part of the picture a model would see
 * @param drags one a drag, in the document's order
 * @param moved target cells of all drags
 * @param holes cells of the frame that a drag takes from and none fills
 * @param collisions cells that several different sources go to, whichever gets there
 */
public record Preview(
    Picture picture,
    Frame frame,
    List<Part> drags,
    RegionMask moved,
    RegionMask holes,
    RegionMask collisions) {
  /** Fewer cells than this, and hardly anything of a region survives the latent grid. */
  private static final int FEW = 4;

  /** A line is this part of the longer side wide. */
  private static final int LINES = 128;

  private static final int HANDLE = 0xe02020;
  private static final int TARGET = 0x2050e0;

  /**
   * One drag.
   *
   * @param handleCells of its handle; 0 where it covers none
   * @param targetCells it fills
   * @param problem why it cannot be done; empty where it can
   */
  public record Part(String name, int handleCells, int targetCells, String problem) {
    /** Whether the region is too small for the latent grid to hold its form. */
    public boolean tooSmall() {
      return Math.min(handleCells, targetCells) < FEW;
    }
  }

  /** How a preview is drawn. */
  public enum Detail {
    /** Whole cells, as they are copied in latent space. */
    CELLS,
    /** Single pixels, as "CP then Encode" copies them before it encodes. */
    PIXELS
  }

  /**
   * Maps the drags of a document.
   *
   * @param nativeSize side of the pictures the model was trained on
   * @throws EditDocumentException where a region does not fit the picture
   */
  public static Preview of(EditDocument document, Picture original, int nativeSize, Detail detail) {
    var frame = document.frame(original.width(), original.height(), nativeSize, RegionMask.CELL);
    var view = frame.working();
    int columns = view.columns();
    int rows = view.rows();
    var parts = new ArrayList<Part>();
    var mappings = new ArrayList<Mapping>();
    var handles = RegionMask.none(columns, rows);
    for (int i = 0; i < document.drags().size(); i++) {
      var drag = document.drags().get(i);
      String name = drag.name().isEmpty() ? EditDocument.place(i) : drag.name();
      try {
        var cells = drag.mapping(view).cells(view.width(), view.height()).clamped(columns, rows);
        var sources = drag.handle().in(view).rasterise(view.width(), view.height()).toCells();
        handles = handles.union(sources);
        mappings.add(cells);
        parts.add(new Part(name, sources.count(), cells.targets(columns, rows).count(), ""));
      } catch (IllegalArgumentException e) {
        parts.add(new Part(name, 0, 0, String.valueOf(e.getMessage())));
      }
    }
    var all = document.merged(mappings, columns, rows);
    var moved = all.targets(columns, rows);
    return new Preview(
        copied(document, original, frame, all, detail),
        frame,
        parts,
        moved,
        handles.without(moved),
        collisions(Mapping.concat(mappings), columns, rows));
  }

  private static RegionMask collisions(Mapping cells, int columns, int rows) {
    int[] from = cells.sourceCells(columns, rows);
    int[] to = cells.targetCells(columns, rows);
    Map<Integer, Integer> sources = new HashMap<>();
    byte[] twice = new byte[columns * rows];
    for (int i = 0; i < to.length; i++) {
      Integer other = sources.put(to[i], from[i]);
      if (other != null && other != from[i]) {
        twice[to[i]] = 1;
      }
    }
    return RegionMask.of(columns, rows, twice);
  }

  private static Picture copied(
      EditDocument document, Picture original, Frame frame, Mapping cells, Detail detail) {
    View view = frame.working().original();
    int w = view.width();
    int h = view.height();
    var pixels =
        switch (detail) {
          case CELLS -> cells.spread(view);
          case PIXELS -> possible(document, view);
        };
    var window = original.cropped(view.x(), view.y(), w, h);
    var patch = Picture.of(w, h, pixels.copyPixels(window.rgb(), w, h, 3));
    if (!original.isOpaque()) {
      patch = patch.withAlpha(pixels.copyPixels(window.alpha(), w, h, 1));
    }
    return original.with(patch, view.x(), view.y());
  }

  /** The pixels of those drags that can be done. */
  private static Mapping possible(EditDocument document, View view) {
    int w = view.width();
    int h = view.height();
    var parts = new ArrayList<Mapping>();
    for (var drag : document.drags()) {
      try {
        parts.add(drag.mapping(view).pixels(w, h));
      } catch (IllegalArgumentException e) {
        parts.add(Mapping.EMPTY);
      }
    }
    return document.merged(parts, w, h).clamped(w, h);
  }

  /** This preview with its trouble marked: holes red, collisions yellow. */
  public Picture marked() {
    var view = frame.working().original();
    return tinted(tinted(picture, view, holes, 0xff3030), view, collisions, 0xffd000);
  }

  /**
   * The regions of a document on its picture: handles outlined red, targets blue. With arrows the
   * target is where they carry the handle.
   *
   * @throws EditDocumentException where a region does not fit the picture
   */
  public static Picture regions(EditDocument document, Picture original) {
    int w = original.width();
    int h = original.height();
    document.validate(w, h);
    var view = View.whole(w, h);
    var everything = RegionMask.all(w, h);
    int width = Math.max(2, Math.max(w, h) / LINES);
    byte[] rgb = original.rgb().clone();
    for (int i = 0; i < document.drags().size(); i++) {
      var drag = document.drags().get(i);
      outline(rgb, everything, drag.handle().in(view).rasterise(w, h), width, HANDLE);
      try {
        var target =
            drag.target().isPresent()
                ? drag.target().get().in(view).rasterise(w, h)
                : drag.mapping(view).pixels(w, h).clamped(w, h).targets(w, h);
        outline(rgb, everything, target, width, TARGET);
      } catch (IllegalArgumentException e) {
        throw EditDocumentException.about(EditDocument.place(i), e);
      }
    }
    var drawn = Picture.of(w, h, rgb);
    return original.isOpaque() ? drawn : drawn.withAlpha(original.alpha());
  }

  /** Paints the outermost pixels of a mask. */
  private static void outline(
      byte[] rgb, RegionMask everything, RegionMask mask, int width, int colour) {
    var inner = everything.without(everything.without(mask).grown(width));
    for (int pixel : mask.without(inner).pixels()) {
      for (int c = 0; c < 3; c++) {
        rgb[3 * pixel + c] = (byte) (colour >> (16 - 8 * c));
      }
    }
  }

  private static Picture tinted(Picture picture, View view, RegionMask cells, int colour) {
    if (cells.isEmpty()) {
      return picture;
    }
    byte[] flat = new byte[view.width() * view.height() * 3];
    for (int i = 0; i < flat.length; i++) {
      int level =
          picture.level(view.x() + i / 3 % view.width(), view.y() + i / 3 / view.width(), i % 3);
      flat[i] = (byte) ((level + (colour >> (16 - 8 * (i % 3)) & 0xff)) / 2);
    }
    var patch = Picture.of(view.width(), view.height(), flat);
    return picture.with(patch, view.x(), view.y(), RegionMask.ofCells(view, cells.pixels()), 0);
  }
}
