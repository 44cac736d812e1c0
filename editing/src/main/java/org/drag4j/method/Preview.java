package org.drag4j.method;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.drag4j.geometry.Arrow;
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
 * @param moved target cells of all drags, as far as the mask lets them change
 * @param holes cells of the handles that nothing is copied to and that may change
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

  /** Less of a reduction, such as to whole latent cells, blurs nothing that one sees. */
  private static final double BLURRED = 1.1;

  private static final int HANDLE = 0xe02020;
  private static final int TARGET = 0x2050e0;
  private static final int MASK = 0x20c040;

  /**
   * One drag.
   *
   * @param handleCells number of cells of the handle
   * @param targetCells number of cells that are copied to
   * @param keptCells how many of these the mask keeps as they are
   * @param problem why it cannot be done; empty where it can
   */
  public record Part(String name, int handleCells, int targetCells, int keptCells, String problem) {
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

  /** What a method copies, cell by cell or pixel by pixel, as far as the mask lets it. */
  static Preview of(EditMethod method, Task task, Picture original, Detail detail) {
    var view = task.view();
    int columns = view.columns();
    int rows = view.rows();
    var editable = RegionMask.of(columns, rows, method.editable(task));
    var moves = method.moves(task);
    var parts = new ArrayList<Part>();
    var handles = RegionMask.none(columns, rows);
    for (var move : moves) {
      var targets = move.targets();
      handles = handles.union(move.handle());
      parts.add(
          new Part(
              move.name(),
              move.handle().count(),
              targets.count(),
              targets.without(editable).count(),
              move.problem()));
    }
    var cells = moves.stream().map(Moved::cells).toList();
    var drags = task.merged(method.overlap());
    var all = drags.of(cells);
    var pixels =
        switch (detail) {
          case CELLS -> all.spread(view.original());
          case PIXELS -> drags.possible();
        };
    if (task.masked()) {
      var open = RegionMask.ofCells(view.original(), editable.pixels());
      pixels = pixels.onto(task.editable(view.original()).within(open));
    }
    var moved = all.targets(columns, rows).within(editable);
    return new Preview(
        copied(original, task, pixels),
        task.frame(),
        parts,
        moved,
        handles.without(moved).within(editable),
        collisions(Mapping.concat(cells), columns, rows).within(editable));
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

  /** What is copied, as blurred as a window that is reduced for the model makes it. */
  private static Picture copied(Picture original, Task task, Mapping pixels) {
    var view = task.view().original();
    int w = view.width();
    int h = view.height();
    var window = original.cropped(view.x(), view.y(), w, h);
    var seen =
        task.frame().reduction() > BLURRED
            ? window.resized(task.view().width(), task.view().height()).resized(w, h)
            : window;
    var patch = pixels.copy(seen);
    if (!original.isOpaque()) {
      patch = patch.withAlpha(pixels.copyPixels(window.alpha(), w, h, 1));
    }
    return original.with(patch, view.x(), view.y(), pixels.targets(w, h), 0);
  }

  /**
   * A picture with this preview's trouble marked: holes red, collisions yellow.
   *
   * @param on as large as the preview's
   */
  public Picture marked(Picture on) {
    var view = frame.working().original();
    return tinted(tinted(on, view, holes, 0xff3030), view, collisions, 0xffd000);
  }

  /**
   * A drawing on its picture: handles outlined red, targets blue, the mask green; what the mask
   * keeps as it is, dimmed. With arrows the target is where they carry the handle; arrows without a
   * handle are lines from red to blue.
   *
   * @throws EditDocumentException where a region does not fit the picture
   */
  public static Picture regions(Drawing drawing, Picture original) {
    int w = original.width();
    int h = original.height();
    var everything = RegionMask.all(w, h);
    int width = Math.max(2, Math.max(w, h) / LINES);
    byte[] rgb = original.rgb().clone();
    if (drawing.mask().isPresent()) {
      var mask = drawing.editable(View.whole(w, h));
      for (int pixel : everything.without(mask).pixels()) {
        for (int c = 0; c < 3; c++) {
          rgb[3 * pixel + c] = (byte) ((rgb[3 * pixel + c] & 0xff) / 2);
        }
      }
      outline(rgb, everything, mask, width, MASK);
    }
    for (int i = 0; i < drawing.drags().size(); i++) {
      var drag = drawing.drags().get(i);
      if (drag.handle().isPresent()) {
        outline(rgb, everything, drawing.handle(i), width, HANDLE);
        outline(rgb, everything, drawing.target(i), width, TARGET);
      } else {
        drag.points().forEach(arrow -> line(rgb, w, h, arrow, width));
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
      paint(rgb, pixel, colour);
    }
  }

  /** An arrow as a line whose first half is red and whose second half is blue. */
  private static void line(byte[] rgb, int w, int h, Arrow arrow, int width) {
    double x = arrow.to().x() - arrow.from().x();
    double y = arrow.to().y() - arrow.from().y();
    int steps = (int) Math.max(1, Math.ceil(Math.max(Math.abs(x), Math.abs(y))));
    for (int i = 0; i <= steps; i++) {
      int left = (int) Math.floor(arrow.from().x() + x * i / steps) - width / 2;
      int top = (int) Math.floor(arrow.from().y() + y * i / steps) - width / 2;
      for (int py = Math.max(0, top); py < Math.min(h, top + width); py++) {
        for (int px = Math.max(0, left); px < Math.min(w, left + width); px++) {
          paint(rgb, py * w + px, 2 * i < steps ? HANDLE : TARGET);
        }
      }
    }
  }

  private static void paint(byte[] rgb, int pixel, int colour) {
    for (int c = 0; c < 3; c++) {
      rgb[3 * pixel + c] = (byte) (colour >> (16 - 8 * c));
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
