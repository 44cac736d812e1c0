package org.drag4j.session;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;
import org.drag4j.device.DeviceException;
import org.drag4j.document.EditDocument;
import org.drag4j.document.EditDocumentException;
import org.drag4j.geometry.Frame;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.graph.Hook;
import org.drag4j.method.Editing;
import org.drag4j.method.Injection;
import org.drag4j.method.Inversion;
import org.drag4j.method.Noise;
import org.drag4j.method.RegionDrag;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Denoiser;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.pipeline.SiteBank;
import org.drag4j.schedule.CycleSde;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.schedule.TorchRandom;
import org.drag4j.tensor.WeightMismatchException;
import org.jspecify.annotations.Nullable;

/** Carries out an edit document. */
public final class Editor {
  private Editor() {}

  /**
   * Edits a picture.
   *
   * @param document its regions are in pixels of {@code original}
   * @throws EditDocumentException where a region does not fit the picture
   * @throws org.drag4j.pipeline.CancelledException where the user stopped the work
   */
  public static EditResult edit(
      EditDocument document, Picture original, Pipeline pipeline, Progress progress) {
    return edit(document, original, pipeline, progress, Glimpse.NONE);
  }

  /** The same, shown as it takes form. */
  public static EditResult edit(
      EditDocument document,
      Picture original,
      Pipeline pipeline,
      Progress progress,
      Glimpse glimpse) {
    int factor = pipeline.vae().factor();
    if (factor != RegionMask.CELL) {
      throw new WeightMismatchException(
          "vae: expected %d pixels to a latent cell, got %d; RegionDrag is defined for these"
              .formatted(RegionMask.CELL, factor));
    }
    var frame = document.frame(original.width(), original.height(), pipeline.nativeSize(), factor);
    var view = frame.working();
    var method = document.method();
    var task = task(document, pipeline, frame);
    var window = original.cropped(view.x(), view.y(), view.windowWidth(), view.windowHeight());

    progress.phase("encode", 1);
    boolean guided = method.guidance() != 1;
    var contexts =
        pipeline.encodeText(
            guided
                ? List.of(document.prompt(), method.negativePrompt())
                : List.of(document.prompt()));
    var random = TorchRandom.seeded(document.seed());
    var pictures = new ArrayList<float[]>();
    var small = window.resized(view.width(), view.height());
    pictures.add(small.toModel());
    if (method.variant() == RegionDrag.Variant.CP_THEN_ENCODE) {
      pictures.add(copied(small, document.pixels(view)).toModel());
    }
    var latents = new ArrayList<float[]>();
    for (var posterior : pipeline.encode(pictures, view.height(), view.width())) {
      var noise = task.grid().fromNchw(random.randn(task.grid().size()));
      latents.add(posterior.sample(noise, pipeline.vae().scalingFactor()));
    }
    progress.advance(1, 1);

    var sde = CycleSde.of(pipeline.scheduler(), method.steps(), method.start());
    var key = InversionCache.Key.of(document, small);
    var shown = new Shown(glimpse, sde.denoisingTimesteps().length, task.grid(), latents, small);
    var editing = new Work(task, sde, latents, random, key, pipeline, contexts, progress, shown);
    float[] latent;
    try {
      latent = method.regionDrag().edit(editing);
    } finally {
      pipeline.doneWithDenoiser();
    }

    progress.phase("decode", 1);
    var pixels = pipeline.decode(latent, task.grid());
    for (float v : pixels) {
      if (Float.isNaN(v)) {
        throw new DeviceException(
            "decode: expected numbers, got NaN; the checkpoint or the chosen precision overflows");
      }
    }
    var edited = Picture.fromModel(pixels, view.width(), view.height(), method.faithful());
    var patch = edited.resized(view.windowWidth(), view.windowHeight());
    var change =
        document
            .change(frame)
            .orElseGet(() -> RegionMask.all(view.windowWidth(), view.windowHeight()));
    var result = stitched(document, patch, change, original, frame);
    progress.advance(1, 1);
    return new EditResult(
        result,
        document.pixels(frame).moved(view.x(), view.y()),
        patch.difference(window.onWhite(), change),
        frame);
  }

  /** The drags as cells of the latent grid. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Task(
      LatentGrid grid, Mapping cells, boolean[] editable, int[] vacated, int[] neighbours) {}

  private static Task task(EditDocument document, Pipeline pipeline, Frame frame) {
    var view = frame.working();
    var editable =
        document
            .mask()
            .map(mask -> mask.in(view).rasterise(view.width(), view.height()))
            .orElseGet(() -> RegionMask.all(view.width(), view.height()))
            .sample(view.columns(), view.rows());
    var grid = new LatentGrid(view.rows(), view.columns(), pipeline.vae().latentChannels());
    var cells = document.cells(frame);
    var targets = cells.clamped(view.columns(), view.rows()).targets(view.columns(), view.rows());
    var handles = document.handleCells(frame);
    var vacated = handles.without(targets);
    return new Task(
        grid, cells, editable, vacated.pixels(), vacated.nearestOutside(handles.union(targets)));
  }

  private static Picture copied(Picture picture, Mapping moved) {
    int w = picture.width();
    int h = picture.height();
    return Picture.of(w, h, moved.copyPixels(picture.rgb(), w, h, 3));
  }

  /**
   * The original with the edited window in its place: unchanged, bit for bit, where nothing was
   * meant to change. As released, that is outside the mask, and nowhere without one.
   */
  private static Picture stitched(
      EditDocument document, Picture patch, RegionMask change, Picture original, Frame frame) {
    var view = frame.working();
    int w = patch.width();
    int h = patch.height();
    var put = patch;
    if (!original.isOpaque()) {
      var window = original.cropped(view.x(), view.y(), w, h);
      // What is moved takes its opacity along.
      put = patch.liftedOffWhite(document.pixels(frame).copyPixels(window.alpha(), w, h, 1));
    }
    return original.with(put, view.x(), view.y(), change, document.feather(frame));
  }

  /** Shows what comes out of every step of the way back. */
  private static final class Shown {
    private final Glimpse glimpse;
    private final int steps;
    private final LatentGrid grid;
    private final List<float[]> latents;
    private final Picture picture;
    private int done;
    private @Nullable LatentColours colours;

    Shown(Glimpse glimpse, int steps, LatentGrid grid, List<float[]> latents, Picture picture) {
      this.glimpse = glimpse;
      this.steps = steps;
      this.grid = grid;
      this.latents = latents;
      this.picture = picture;
    }

    void observe(String name, float[] latent) {
      if (name.startsWith("denoise.") && name.endsWith(".out")) {
        done++;
        glimpse.at(done, steps, () -> colours().picture(latent));
      }
    }

    private LatentColours colours() {
      if (colours == null) {
        colours = LatentColours.fit(latents.getFirst(), grid, picture);
      }
      return colours;
    }
  }

  /** What RegionDrag works on. */
  private static final class Work implements Editing {
    private final Task task;
    private final CycleSde sde;
    private final List<float[]> latents;
    private final InversionCache.Key key;
    private final Pipeline pipeline;
    private final List<float[]> contexts;
    private final Progress progress;
    private final Shown shown;
    private TorchRandom random;
    private boolean kept;

    Work(
        Task task,
        CycleSde sde,
        List<float[]> latents,
        TorchRandom random,
        InversionCache.Key key,
        Pipeline pipeline,
        List<float[]> contexts,
        Progress progress,
        Shown shown) {
      this.task = task;
      this.sde = sde;
      this.latents = latents;
      this.random = random;
      this.key = key;
      this.pipeline = pipeline;
      this.contexts = contexts;
      this.progress = progress;
      this.shown = shown;
    }

    @Override
    public void observe(String name, float[] latent) {
      shown.observe(name, latent);
    }

    @Override
    public CycleSde sde() {
      return sde;
    }

    @Override
    public Noise noise() {
      return random::randn;
    }

    @Override
    public Progress progress() {
      return progress;
    }

    @Override
    public Inversion inversion(Supplier<Inversion> make) {
      var cache = pipeline.inversions();
      var found = cache.find(key);
      kept = true;
      if (found.isPresent()) {
        random = found.get().random();
        return found.get().inversion();
      }
      var entry =
          pipeline
              .inversionStore()
              .map(store -> stored(store, make))
              .orElseGet(() -> new InversionCache.Entry(make.get(), random));
      random = entry.random();
      kept = cache.keep(key, entry);
      return entry.inversion();
    }

    /** From the store, or made and put there. */
    private InversionCache.Entry stored(InversionStore store, Supplier<Inversion> make) {
      var form = form(store);
      return store
          .read(form, pipeline::allocateBank, progress::warn)
          .orElseGet(() -> {
            var made = new InversionCache.Entry(make.get(), random);
            boolean written = false;
            try {
              store.write(form, made, progress::warn);
              written = true;
              return made;
            } finally {
              if (!written) {
                made.inversion().bank().close();
              }
            }
          });
    }

    /** What the inversion comes from is in its digest; where that comes from need not be. */
    private InversionStore.Form form(InversionStore store) {
      int steps = sde.inversionTimesteps().length;
      boolean noised = key.variant() == RegionDrag.Variant.ENCODE_THEN_CP;
      var capture = Injection.capture(key.layers());
      return new InversionStore.Form(
          InversionStore.digest(
              store.how(),
              pipeline.identity(),
              task.grid(),
              source(),
              contexts.getFirst(),
              random.state(),
              key.steps(),
              key.start(),
              key.variant(),
              key.batched(),
              key.layers()),
          noised ? steps + 1 : steps,
          noised ? steps : 0,
          task.grid().size(),
          steps,
          pipeline.sites(capture, task.grid(), contexts.getFirst()),
          pipeline.activations());
    }

    @Override
    public void done(Inversion inversion) {
      if (!kept) {
        inversion.bank().close();
      }
    }

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
      return pipeline.denoiser(hook, grid(), Collections.nCopies(batch, contexts.getFirst()));
    }

    @Override
    public Denoiser negativeDenoiser(Hook hook) {
      return pipeline.denoiser(hook, grid(), List.of(contexts.getLast()));
    }

    @Override
    public int[] vacatedCells() {
      return task.vacated();
    }

    @Override
    public int[] neighbourCells() {
      return task.neighbours();
    }

    @Override
    public int fitting(Hook hook, int most) {
      return pipeline.fitting(hook, grid(), contexts.getFirst(), most);
    }

    @Override
    public SiteBank bank(Denoiser capturing, int slots) {
      return pipeline.bank(capturing, slots);
    }
  }
}
