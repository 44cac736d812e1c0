package org.drag4j.session;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Objects;
import java.util.Optional;
import org.drag4j.device.DeviceException;
import org.drag4j.document.EditDocument;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.Task;
import org.drag4j.method.Given;
import org.drag4j.method.Kept;
import org.drag4j.method.Result;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.schedule.TorchRandom;

/**
 * Carries out edits with one model, and keeps values that later edits can use. The pipeline stays
 * the caller's and is closed after the editor.
 */
public final class Editor implements AutoCloseable {
  private static final String DECODED = "decoded";

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
    var shape = pipeline.shape();
    var settled = edit.settled(shape.nativeSize(), shape.factor());
    var tasks = settled.checked(shape);
    settled.warnings(tasks).forEach(progress::warn);
    var picture = edit.original();
    var moved = new ArrayList<Mapping>();
    var windows = new ArrayList<EditResult.Window>();
    for (var task : tasks) {
      var part = edit(settled, picture, task, progress, glimpse);
      picture = part.picture();
      moved.add(part.moved());
      windows.add(part.window());
    }
    return new EditResult(picture, Mapping.concat(moved), windows, settled.document());
  }

  /** The whole picture after one window. */
  private record Part(Picture picture, Mapping moved, EditResult.Window window) {}

  /** Edits one window of a picture, in which earlier ones may have been edited. */
  private Part edit(
      CheckedEdit edit, Picture original, Task task, Progress progress, Glimpse glimpse) {
    var finishing = Finishing.of(edit, original, task);
    var view = task.view();
    var small = finishing.window().resized(view.width(), view.height());
    Result result;
    Optional<float[]> latent;
    Given given;
    try (var session = new EditSession(edit, task, small, pipeline, keeping, progress, glimpse)) {
      result = edit.method().edit(session);
      latent =
          finishing.detailed() && result instanceof Result.Latent
              ? Optional.of(session.latent())
              : Optional.empty();
      given = session.given();
    } finally {
      pipeline.doneWithPrograms();
    }
    int decodes = latent.isPresent() ? 2 : 1;
    progress.phase("decode", decodes);
    var change = finishing.change(result);
    var moved = result.moved();
    Picture plain;
    Picture patch;
    switch (result) {
      case Result.Latent edited -> {
        float[] decoded = decoded(edited.latent(), task);
        if (decodes > 1) {
          progress.advance(1, decodes);
        }
        plain = finishing.plain(decoded);
        patch =
            finishing.blended(
                decoded,
                plain,
                () -> unedited(given, latent.orElseThrow(), task, progress),
                edited,
                change);
      }
      case Result.Pixels(var pixels, var _, var _) -> {
        plain = pixels;
        patch = pixels;
      }
    }
    var picture = finishing.stitched(patch, change, moved);
    if (result instanceof Result.Latent && edit.method().finish().blended()) {
      var after = picture.cropped(view.x(), view.y(), view.windowWidth(), view.windowHeight());
      Misplaced.warnings(task, change, finishing.window(), after).forEach(progress::warn);
    }
    progress.advance(decodes, decodes);
    return new Part(
        picture,
        moved.moved(view.x(), view.y()),
        new EditResult.Window(
            task.frame(), plain.difference(finishing.window().onWhite(), change)));
  }

  private float[] decoded(float[] latent, Task task) {
    var view = task.view();
    var grid = new LatentGrid(view.rows(), view.columns(), pipeline.shape().latentChannels());
    var pixels = pipeline.decode(latent, grid);
    for (float v : pixels) {
      if (Float.isNaN(v)) {
        throw new DeviceException(
            "decode: expected numbers, got NaN; the checkpoint or the chosen precision overflows");
      }
    }
    return pixels;
  }

  /** All that a decoded original depends on beside model and device. */
  private record Unedited(String picture, long seed) {}

  /** What the autoencoder makes of the original; kept for the next edit of the picture. */
  private float[] unedited(Given given, float[] latent, Task task, Progress progress) {
    // Nothing is drawn, so any generator does.
    var random = TorchRandom.seeded(0);
    var kept =
        keeping.get(
            new Unedited(given.picture(), given.seed()),
            () -> {
              var values = new LinkedHashMap<String, float[]>();
              values.put(DECODED, decoded(latent, task));
              return new KeptInMemory.Entry(new Kept.Values(values, Optional.empty()), random);
            },
            random,
            progress::warn,
            latent);
    return Objects.requireNonNull(kept.values().tensors().get(DECODED));
  }

  /** Gives the memory of kept values back. */
  @Override
  public void close() {
    keeping.close();
  }
}
