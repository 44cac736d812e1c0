package org.drag4j.session;

import java.util.Optional;
import org.drag4j.device.DeviceException;
import org.drag4j.document.EditDocument;
import org.drag4j.geometry.Frame;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.Task;
import org.drag4j.method.Finish;
import org.drag4j.method.Result;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.schedule.LatentGrid;

/**
 * Carries out edits with one model, and keeps values that later edits can use. The pipeline stays
 * the caller's and is closed after the editor.
 */
public final class Editor implements AutoCloseable {
  /** Without a mask, what lies farther than this from handle and target is kept, in pixels. */
  private static final double MARGIN = 16;

  /** How wide the seam of a window is, in pixels. */
  private static final double FEATHER = 8;

  private final Pipeline pipeline;
  private final Keeping keeping;

  private Editor(Pipeline pipeline) {
    this.pipeline = pipeline;
    keeping = new Keeping(pipeline);
  }

  /** An editor that keeps nothing yet. */
  public static Editor on(Pipeline pipeline) {
    return new Editor(pipeline);
  }

  /**
   * Keeps reusable values in memory from now on, so that for example the next edit of a picture
   * need not invert it again.
   *
   * @param bytes of device and host memory that kept values may take; 0 keeps nothing
   */
  public Editor keep(long bytes) {
    keeping.inMemory(bytes);
    return this;
  }

  /**
   * Keeps reusable values on disk as well from now on, for later processes, and reads those that
   * earlier processes kept. The first edit reads all weights of the UNet once, since models may
   * differ in nothing else.
   */
  public Editor keep(KeptOnDisk folder) {
    keeping.onDisk(folder);
    return this;
  }

  /** The model. */
  public Pipeline pipeline() {
    return pipeline;
  }

  /** One edit of a picture without a cache; as {@link #edit(CheckedEdit, Progress, Glimpse)}. */
  public static EditResult edit(
      EditDocument document, Picture original, Pipeline pipeline, Progress progress) {
    try (var editor = on(pipeline)) {
      return editor.edit(CheckedEdit.of(document, original), progress, Glimpse.NONE);
    }
  }

  /**
   * Edits a picture.
   *
   * @throws org.drag4j.geometry.EditDocumentException where the document does not fit the picture
   *     or the method
   * @throws org.drag4j.pipeline.CancelledException where the user stopped the work
   */
  public EditResult edit(CheckedEdit edit, Progress progress, Glimpse glimpse) {
    var task = edit.checked(pipeline.shape());
    edit.warnings(task).forEach(progress::warn);
    var view = task.view();
    var original = edit.original();
    var window = original.cropped(view.x(), view.y(), view.windowWidth(), view.windowHeight());
    var small = window.resized(view.width(), view.height());
    Result result;
    try (var session = new EditSession(edit, task, small, pipeline, keeping, progress, glimpse)) {
      result = edit.method().edit(session);
    } finally {
      pipeline.doneWithPrograms();
    }
    progress.phase("decode", 1);
    var finish = edit.method().finish();
    var patch =
        switch (result) {
          case Result.Latent(var latent, var _) ->
              decoded(latent, task, finish).resized(view.windowWidth(), view.windowHeight());
          case Result.Pixels(var pixels, var _, var _) -> pixels;
        };
    var change = change(edit, task, finish, result);
    var edited = stitched(edit, patch, change, result.moved(), task.frame());
    progress.advance(1, 1);
    return new EditResult(
        edited,
        result.moved().moved(view.x(), view.y()),
        patch.difference(window.onWhite(), change),
        task.frame());
  }

  private Picture decoded(float[] latent, Task task, Finish finish) {
    var view = task.view();
    var grid = new LatentGrid(view.rows(), view.columns(), pipeline.shape().latentChannels());
    var pixels = pipeline.decode(latent, grid);
    for (float v : pixels) {
      if (Float.isNaN(v)) {
        throw new DeviceException(
            "decode: expected numbers, got NaN; the checkpoint or the chosen precision overflows");
      }
    }
    return Picture.fromModel(pixels, view.width(), view.height(), finish.truncated());
  }

  /** What may change, in the frame's window at the picture's own size. */
  static RegionMask change(CheckedEdit edit, Task task, Finish finish, Result result) {
    var original = task.view().original();
    if (!task.masked() && !finish.composite()) {
      return RegionMask.all(original.width(), original.height());
    }
    return switch (result) {
      case Result.Latent(var _, var moved) -> task.change(moved, margin(edit, task.frame()));
      case Result.Pixels(var _, var where, var _) -> where;
    };
  }

  private static double margin(CheckedEdit edit, Frame frame) {
    return edit.document().working().margin().orElse(MARGIN * frame.reduction());
  }

  /** How wide the seam between the change and the rest is, in pixels of the picture. */
  static int feather(CheckedEdit edit, Frame frame) {
    Optional<Double> wanted = edit.document().working().feather();
    return (int) Math.round(wanted.orElse(frame.whole() ? 0 : FEATHER * frame.reduction()));
  }

  /**
   * The original with the edited window in its place: unchanged, bit for bit, where nothing was
   * meant to change.
   */
  private static Picture stitched(
      CheckedEdit edit, Picture patch, RegionMask change, Mapping moved, Frame frame) {
    var original = edit.original();
    var view = frame.working();
    int w = patch.width();
    int h = patch.height();
    var put = patch;
    if (!original.isOpaque()) {
      var window = original.cropped(view.x(), view.y(), w, h);
      // What is moved takes its opacity along.
      put = patch.liftedOffWhite(moved.copyPixels(window.alpha(), w, h, 1));
    }
    return original.with(put, view.x(), view.y(), change, feather(edit, frame));
  }

  /** Gives the memory of kept values back. */
  @Override
  public void close() {
    keeping.close();
  }
}
