package org.drag4j.session;

import java.util.function.Supplier;
import org.drag4j.document.EditDocument.Seams;
import org.drag4j.document.EditDocument.Windows;
import org.drag4j.document.EditDocument.Working;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.Task;
import org.drag4j.method.Finish;
import org.drag4j.method.Result;
import org.drag4j.picture.Levels;
import org.drag4j.picture.Picture;

/**
 * How a method's result goes back into its picture, by document and method.
 *
 * @param original the whole picture, in which earlier windows may have been edited
 * @param working what the document says of it
 */
record Finishing(Picture original, Task task, Working working, Finish finish) {
  /** Without a mask, what lies farther than this from handle and target is kept, in pixels. */
  private static final double MARGIN = 16;

  /** How wide the seam is, in pixels. */
  private static final double FEATHER = 8;

  /** The finishing of an edit's task. */
  static Finishing of(CheckedEdit edit, Picture original, Task task) {
    return new Finishing(original, task, edit.document().working(), edit.method().finish());
  }

  /** The original's part that the model sees, at its own size. */
  Picture window() {
    var view = task.view();
    return original.cropped(view.x(), view.y(), view.windowWidth(), view.windowHeight());
  }

  /** Whether details of the original come back. */
  boolean detailed() {
    return finish.blended() && working.detail() > 0;
  }

  private boolean seamless() {
    return finish.blended() && working.seams() == Seams.MATCHED;
  }

  /** The picture that a decoder gives, at the window's size. */
  Picture plain(float[] decoded) {
    var view = task.view();
    return Picture.fromModel(decoded, view.width(), view.height(), finish.truncated())
        .resized(view.windowWidth(), view.windowHeight());
  }

  /**
   * The picture that a decoder gives, shifted, with details and without seams, as far as that is
   * wanted.
   *
   * @param decoded the edited latent, decoded
   * @param plain its picture, as {@link #plain}
   * @param unedited the original's latent, decoded
   */
  Picture blended(
      float[] decoded,
      Picture plain,
      Supplier<float[]> unedited,
      Result.Latent edited,
      RegionMask change) {
    boolean shifted = finish.blended() && edited.copied().isPresent();
    if (!shifted && !detailed() && !seamless()) {
      return plain;
    }
    var view = task.view();
    var seen = seen(decoded);
    if (shifted) {
      seen = Shift.applied(seen, edited.copied().get(), view);
    }
    var levels = seen.resized(view.windowWidth(), view.windowHeight());
    var before = Levels.of(window());
    var moved = edited.moved();
    if (detailed()) {
      var left =
          task.handles(task.view().original())
              .union(moved.sources(levels.width(), levels.height()));
      levels =
          Details.restored(
              levels,
              seen(unedited.get()).resized(view.windowWidth(), view.windowHeight()),
              before,
              moved,
              left,
              working.detail());
    }
    if (seamless()) {
      levels = Seam.matched(levels, before, change, view.width(), view.height());
    }
    return levels.picture();
  }

  private Levels seen(float[] decoded) {
    return Levels.fromModel(decoded, task.view().width(), task.view().height());
  }

  /** What may change, in the frame's window at the picture's own size. */
  RegionMask change(Result result) {
    var view = task.view().original();
    if (!task.masked() && !finish.composite()) {
      return RegionMask.all(view.width(), view.height());
    }
    var change =
        switch (result) {
          case Result.Latent(var _, var moved, var _) -> task.change(moved, margin());
          case Result.Pixels(var _, var where, var _) -> where;
        };
    return working.windows() == Windows.FITTED ? change.within(task.inner()) : change;
  }

  private double margin() {
    return working.margin().orElse(MARGIN * task.frame().reduction());
  }

  /** How wide the seam between the change and the rest is, in pixels of the picture. */
  int feather() {
    boolean soft = seamless() || !task.frame().whole();
    return (int)
        Math.round(working.feather().orElse(soft ? FEATHER * task.frame().reduction() : 0));
  }

  /**
   * The original with the edited window in its place: unchanged, bit for bit, where nothing was
   * meant to change.
   */
  Picture stitched(Picture patch, RegionMask change, Mapping moved) {
    var view = task.view();
    var put = patch;
    if (!original.isOpaque()) {
      // What is moved takes its opacity along.
      byte[] opacities =
          moved.copyPixels(window().alpha(), patch.width(), patch.height(), /* channels= */ 1);
      put = patch.liftedOffWhite(opacities);
    }
    return original.with(put, view.x(), view.y(), change, feather());
  }
}
