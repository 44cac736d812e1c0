package org.drag4j.edit;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.drag4j.device.DeviceException;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.graph.Hook;
import org.drag4j.method.Denoiser;
import org.drag4j.method.Editing;
import org.drag4j.method.Noise;
import org.drag4j.method.Progress;
import org.drag4j.method.RegionDrag;
import org.drag4j.method.SiteBank;
import org.drag4j.schedule.CycleSde;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.schedule.TorchRandom;
import org.drag4j.tensor.WeightMismatchException;

/** Carries out an edit document. */
public final class Editor {
  /** Without a mask, what lies farther than this from handle and target is kept, in pixels. */
  private static final int MARGIN = 16;

  private Editor() {}

  /**
   * Edits a picture.
   *
   * @param document its regions are in pixels of {@code original}
   * @throws EditDocumentException where a region does not fit the picture
   * @throws org.drag4j.method.CancelledException where the user stopped the work
   */
  public static EditResult edit(
      EditDocument document, Picture original, Pipeline pipeline, Progress progress) {
    int factor = pipeline.vae().factor();
    if (factor != RegionMask.CELL) {
      throw new WeightMismatchException(
          "vae: expected %d pixels to a latent cell, got %d; RegionDrag is defined for these"
              .formatted(RegionMask.CELL, factor));
    }
    var working =
        WorkingSize.of(original.width(), original.height(), pipeline.nativeSize(), factor);
    document.validate(original.width(), original.height(), working.width(), working.height());
    var method = document.method();
    var task = task(document, original, pipeline, working);

    progress.phase("encode", 1);
    var context = pipeline.encodeText(List.of(document.prompt())).getFirst();
    var random = TorchRandom.seeded(document.seed());
    var pictures = new ArrayList<float[]>();
    var small = original.resized(working.width(), working.height());
    pictures.add(small.toModel());
    if (method.variant() == RegionDrag.Variant.CP_THEN_ENCODE) {
      pictures.add(preview(small, task.mappings()).toModel());
    }
    var latents = new ArrayList<float[]>();
    for (var posterior : pipeline.encode(pictures, working.height(), working.width())) {
      var noise = task.grid().fromNchw(random.randn(task.grid().size()));
      latents.add(posterior.sample(noise, pipeline.vae().scalingFactor()));
    }
    progress.advance(1, 1);

    var sde = CycleSde.of(pipeline.scheduler(), method.steps(), method.start());
    var editing = new Work(task, sde, latents, random::randn, pipeline, context, progress);
    float[] edited;
    try {
      edited =
          new RegionDrag(method.variant(), method.handleNoise(), method.batched()).edit(editing);
    } finally {
      pipeline.doneWithDenoiser();
    }

    progress.phase("decode", 1);
    var pixels = pipeline.decode(edited, task.grid());
    for (float v : pixels) {
      if (Float.isNaN(v)) {
        throw new DeviceException(
            "decode: expected numbers, got NaN; the checkpoint or the chosen precision overflows");
      }
    }
    var picture =
        Picture.fromModel(pixels, working.width(), working.height(), method.faithful())
            .resized(original.width(), original.height());
    progress.advance(1, 1);
    return new EditResult(
        composite(document, picture, original), pixelMapping(document, original), working);
  }

  /** The drags as cells of the latent grid. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Task(
      LatentGrid grid, List<RegionMapping> mappings, Mapping cells, boolean[] editable) {}

  private static Task task(
      EditDocument document, Picture original, Pipeline pipeline, WorkingSize working) {
    int factor = pipeline.vae().factor();
    int columns = working.width() / factor;
    int rows = working.height() / factor;
    double scaleX = (double) working.width() / original.width();
    double scaleY = (double) working.height() / original.height();
    var mappings = document.mappings(scaleX, scaleY);
    var cells = RegionMapping.cells(mappings, working.width(), working.height());
    if (!document.method().faithful()) {
      cells = cells.clamped(columns, rows);
    }
    var editable =
        document
            .mask(scaleX, scaleY)
            .map(mask -> mask.rasterise(working.width(), working.height()))
            .orElseGet(() -> RegionMask.all(working.width(), working.height()))
            .sample(columns, rows);
    var grid = new LatentGrid(rows, columns, pipeline.vae().latentChannels());
    return new Task(grid, mappings, cells, editable);
  }

  private static Picture preview(Picture picture, List<RegionMapping> mappings) {
    int w = picture.width();
    int h = picture.height();
    var moved = RegionMapping.pixels(mappings, w, h).clamped(w, h);
    return Picture.of(w, h, moved.copyPixels(picture.rgb(), w, h, 3));
  }

  /** Which pixels of the original are moved where, at the original's own size. */
  private static Mapping pixelMapping(EditDocument document, Picture original) {
    int w = original.width();
    int h = original.height();
    return RegionMapping.pixels(document.mappings(1, 1), w, h).clamped(w, h);
  }

  /**
   * Puts the original back, bit for bit, where nothing was meant to change. As released, that is
   * outside the mask, and nowhere without one.
   */
  private static Picture composite(EditDocument document, Picture edited, Picture original) {
    Optional<RegionMask> mask =
        document.mask(1, 1).map(m -> m.rasterise(original.width(), original.height()));
    if (mask.isPresent()) {
      return edited.composite(mask.get(), original);
    }
    return document.method().faithful()
        ? edited
        : edited.composite(around(document, original), original);
  }

  /** Handles and targets of all drags, grown by the margin. */
  private static RegionMask around(EditDocument document, Picture original) {
    int w = original.width();
    int h = original.height();
    var touched = pixelMapping(document, original).targets(w, h);
    for (var drag : document.drags()) {
      touched = touched.union(drag.handle().scaled(1, 1).rasterise(w, h));
      if (drag.target().isPresent()) {
        touched = touched.union(drag.target().get().scaled(1, 1).rasterise(w, h));
      }
    }
    return touched.grown(MARGIN);
  }

  /** What RegionDrag works on. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Work(
      Task task,
      CycleSde sde,
      List<float[]> latents,
      Noise noise,
      Pipeline pipeline,
      float[] context,
      Progress progress)
      implements Editing {
    @Override
    public LatentGrid grid() {
      return task.grid();
    }

    @Override
    public float[] source() {
      return latents.getFirst();
    }

    @Override
    public float[] preview() {
      return latents.getLast();
    }

    @Override
    public int[] sourceCells() {
      return task.cells().sourceCells(grid().width(), grid().height());
    }

    @Override
    public int[] targetCells() {
      return task.cells().targetCells(grid().width(), grid().height());
    }

    @Override
    public int[] targetBorderCells() {
      return task.cells().targetBorderCells(grid().width(), grid().height());
    }

    @Override
    public boolean[] editable() {
      return task.editable();
    }

    @Override
    public Denoiser denoiser(Hook hook, int batch) {
      return pipeline.denoiser(hook, grid(), Collections.nCopies(batch, context));
    }

    @Override
    public SiteBank bank(Denoiser capturing, int slots) {
      return pipeline.bank(capturing, slots);
    }
  }
}
