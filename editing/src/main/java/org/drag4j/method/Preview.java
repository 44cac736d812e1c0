package org.drag4j.method;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.drag4j.geometry.Drawing;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.geometry.Frame;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.Task;
import org.drag4j.geometry.View;
import org.drag4j.picture.Picture;

/**
 * The pairs of latent cells that an edit will copy, drawn on the picture without a model.
 *
 * @param picture with every target cell replaced by its source cell
 * @param frame the part of the picture a model would see
 * @param drags one a drag, in the document's order
 * @param moved target cells of all drags
 * @param holes cells of the handles that nothing is copied to
 * @param collisions cells that several sources are copied to, whichever of them wins
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
   * @param handleCells number of cells of the handle
   * @param targetCells number of cells that are copied to
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
   * What region drags copy, cell by cell.
   *
   * @param drags of a task, merged
   * @throws EditDocumentException where a region does not fit the picture
   */
  static Preview ofRegions(Task task, Task.Merged drags, Picture original, Detail detail) {
    var view = task.view();
    int columns = view.columns();
    int rows = view.rows();
    var parts = new ArrayList<Part>();
    var mappings = new ArrayList<Mapping>();
    var handles = RegionMask.none(columns, rows);
    for (var drag : task.parts()) {
      try {
        var cells = drag.cells();
        var sources = drag.handle();
        handles = handles.union(sources);
        mappings.add(cells);
        parts.add(new Part(drag.name(), sources.count(), cells.targets(columns, rows).count(), ""));
      } catch (IllegalArgumentException e) {
        parts.add(new Part(drag.name(), 0, 0, String.valueOf(e.getMessage())));
      }
    }
    var all = drags.of(mappings);
    var pixels =
        switch (detail) {
          case CELLS -> all.spread(view.original());
          case PIXELS -> drags.possible();
        };
    return of(task, original, parts, mappings, all, pixels, handles);
  }

  /**
   * What is copied by other ways than regions.
   *
   * @param parts one a drag
   * @param cells pairs of latent cells, drag by drag, inside the view
   */
  static Preview ofCells(Task task, Picture original, List<Part> parts, List<Mapping> cells) {
    var all = Mapping.concat(cells);
    var none = RegionMask.none(task.view().columns(), task.view().rows());
    return of(task, original, parts, cells, all, all.spread(task.view().original()), none);
  }

  private static Preview of(
      Task task,
      Picture original,
      List<Part> parts,
      List<Mapping> mappings,
      Mapping all,
      Mapping pixels,
      RegionMask handles) {
    int columns = task.view().columns();
    int rows = task.view().rows();
    var moved = all.targets(columns, rows);
    return new Preview(
        copied(original, task.view().original(), pixels),
        task.frame(),
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

  private static Picture copied(Picture original, View view, Mapping pixels) {
    int w = view.width();
    int h = view.height();
    var window = original.cropped(view.x(), view.y(), w, h);
    var patch = pixels.copy(window);
    if (!original.isOpaque()) {
      patch = patch.withAlpha(pixels.copyPixels(window.alpha(), w, h, 1));
    }
    return original.with(patch, view.x(), view.y());
  }

  /** This preview with its trouble marked: holes red, collisions yellow. */
  public Picture marked() {
    var view = frame.working().original();
    return tinted(tinted(picture, view, holes, 0xff3030), view, collisions, 0xffd000);
  }

  /**
   * A drawing on its picture: handles outlined red, targets blue. With arrows the target is where
   * they carry the handle.
   *
   * @throws EditDocumentException where a region does not fit the picture
   */
  public static Picture regions(Drawing drawing, Picture original) {
    int w = original.width();
    int h = original.height();
    var everything = RegionMask.all(w, h);
    int width = Math.max(2, Math.max(w, h) / LINES);
    byte[] rgb = original.rgb().clone();
    for (int i = 0; i < drawing.drags().size(); i++) {
      outline(rgb, everything, drawing.handle(i), width, HANDLE);
      outline(rgb, everything, drawing.target(i), width, TARGET);
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
