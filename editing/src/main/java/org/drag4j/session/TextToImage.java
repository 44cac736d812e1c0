package org.drag4j.session;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.drag4j.document.LongPrompt;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.View;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Denoiser;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.pipeline.SiteBank;
import org.drag4j.schedule.Ddim;
import org.drag4j.schedule.DpmSolverPlusPlus;
import org.drag4j.schedule.Guidance;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.schedule.NoiseSchedule;
import org.drag4j.schedule.SchedulerConfig;
import org.drag4j.schedule.Timesteps;
import org.drag4j.schedule.TorchRandom;
import org.jspecify.annotations.Nullable;

/**
 * Pictures from prompts, or from prompts and pictures, by classifier-free guidance (Ho and
 * Salimans, 2022).
 */
public final class TextToImage {
  private TextToImage() {}

  /** How the chain from noise to picture is solved. */
  public enum Sampler {
    DDIM,
    DPMPP2M
  }

  /**
   * A picture to start from instead of noise.
   *
   * @param picture laid on white and resized to what is generated
   * @param strength the part of the steps that are done, 0 to 1, as diffusers defines it
   * @param mask what may change, as large as {@code picture}; the rest is kept in every step
   */
  public record Start(Picture picture, double strength, Optional<RegionMask> mask) {}

  /**
   * What to generate.
   *
   * @param negative the prompt of the unconditional half
   * @param longPrompt what becomes of prompts that are long
   * @param width in pixels, a multiple of 8; likewise {@code height}
   * @param guidance weight of the prompt; 1 leaves the unconditional half out
   * @param start where to begin; absent: from noise alone
   */
  public record Options(
      String prompt,
      String negative,
      LongPrompt longPrompt,
      int width,
      int height,
      int steps,
      double guidance,
      Sampler sampler,
      long seed,
      Optional<Start> start) {}

  /**
   * Generates one picture.
   *
   * @throws IllegalArgumentException where the size or the number of steps cannot be had
   * @throws org.drag4j.pipeline.CancelledException where the user stopped the work
   */
  public static Picture generate(Pipeline pipeline, Options options, Progress progress) {
    return generate(pipeline, options, progress, Glimpse.NONE);
  }

  /** The same, shown as it takes form. */
  public static Picture generate(
      Pipeline pipeline, Options options, Progress progress, Glimpse glimpse) {
    int factor = pipeline.shape().factor();
    if (options.width() < factor
        || options.height() < factor
        || options.width() % factor != 0
        || options.height() % factor != 0) {
      throw new IllegalArgumentException(
          "size: expected multiples of %d, got %dx%d; choose the nearest"
              .formatted(factor, options.width(), options.height()));
    }
    var grid =
        new LatentGrid(
            options.height() / factor, options.width() / factor, pipeline.shape().latentChannels());
    boolean guided = options.guidance() != 1;
    progress.phase("encode", 1);
    var prompts =
        guided ? List.of(options.negative(), options.prompt()) : List.of(options.prompt());
    pipeline.leftOff(prompts, options.longPrompt()).forEach(progress::warn);
    var contexts = pipeline.text(prompts, options.longPrompt());
    var solver =
        switch (options.sampler()) {
          case DDIM -> ddim(pipeline.scheduler(), options.steps());
          case DPMPP2M -> dpm(pipeline.scheduler(), options.steps());
        };
    var chain = chain(pipeline, options, grid, solver.timesteps());
    progress.advance(1, 1);
    int[] ts = solver.timesteps();
    var x = chain.first();
    var colours = new Colours(pipeline);
    progress.phase("edit", ts.length - chain.begin());
    try (var denoiser = Denoiser.compile(pipeline, grid, contexts)) {
      for (int i = chain.begin(); i < ts.length; i++) {
        x = solver.step(i, x, guided(denoiser, x, ts[i], options.guidance()));
        x = chain.kept(i + 1 < ts.length ? ts[i + 1] : -1, x);
        var latent = x;
        glimpse.at(
            i + 1 - chain.begin(),
            ts.length - chain.begin(),
            () -> new LatentColours(grid, colours.map()).picture(latent));
        progress.advance(i + 1 - chain.begin(), ts.length - chain.begin());
      }
    } finally {
      pipeline.doneWithPrograms();
    }
    progress.phase("decode", 1);
    var pixels = pipeline.decode(x, grid);
    progress.advance(1, 1);
    var picture = Picture.fromModel(pixels, options.width(), options.height(), false);
    return options
        .start()
        .filter(start -> start.mask().isPresent())
        .map(start -> inside(start, picture))
        .orElse(picture);
  }

  /** The colours of a model's latents, found once they are asked for. */
  private static final class Colours {
    private static final int CELLS = 16;

    private final Pipeline pipeline;
    private double @Nullable [][] map;

    Colours(Pipeline pipeline) {
      this.pipeline = pipeline;
    }

    double[][] map() {
      if (map == null) {
        var chart = LatentColours.chart(CELLS, pipeline.shape().factor());
        var grid = new LatentGrid(CELLS, CELLS, pipeline.shape().latentChannels());
        var posterior = pipeline.encode(chart);
        var latent = posterior.sample(new float[grid.size()], pipeline.shape().scalingFactor());
        map = LatentColours.fit(latent, grid, chart).map();
      }
      return map;
    }
  }

  /** What a mask leaves alone comes back bit for bit, at the size it had. */
  private static Picture inside(Start start, Picture generated) {
    var old = start.picture();
    return old.with(
        generated.resized(old.width(), old.height()), 0, 0, start.mask().orElseThrow(), 0);
  }

  /**
   * Where a chain begins and what it must come back to.
   *
   * @param begin number of its first step
   * @param clean latent of the picture it begins with; likewise {@code noise}, which is added to it
   * @param editable cells that may change; where all may, nothing is kept
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Chain(
      int begin,
      float[] first,
      LatentGrid grid,
      NoiseSchedule schedule,
      float[] clean,
      float[] noise,
      Optional<boolean[]> editable) {
    /** A state whose kept cells are the picture's, with the noise of that timestep. */
    float[] kept(int t, float[] x) {
      if (editable.isEmpty()) {
        return x;
      }
      var original = t < 0 ? clean : schedule.addNoise(t, clean, noise);
      return grid.select(editable.get(), x, original);
    }
  }

  /** Random numbers in diffusers' order: the posterior's, then the noise. */
  private static Chain chain(Pipeline pipeline, Options options, LatentGrid grid, int[] ts) {
    var random = TorchRandom.seeded(options.seed());
    var schedule = NoiseSchedule.of(pipeline.scheduler());
    if (options.start().isEmpty()) {
      var noise = grid.fromNchw(random.randn(grid.size()));
      return new Chain(0, noise, grid, schedule, noise, noise, Optional.empty());
    }
    var start = options.start().get();
    int steps = Math.min((int) (options.steps() * start.strength()), options.steps());
    if (steps < 1) {
      throw new IllegalArgumentException(
          "strength: expected a step at least, got %s of %d steps; choose a larger one"
              .formatted(start.strength(), options.steps()));
    }
    var picture = start.picture().resized(options.width(), options.height());
    var posterior = pipeline.encode(picture);
    var clean =
        posterior.sample(
            grid.fromNchw(random.randn(grid.size())), pipeline.shape().scalingFactor());
    var noise = grid.fromNchw(random.randn(grid.size()));
    int begin = ts.length - steps;
    var view =
        View.whole(
            start.picture().width(), start.picture().height(), options.width(), options.height());
    return new Chain(
        begin,
        schedule.addNoise(ts[begin], clean, noise),
        grid,
        schedule,
        clean,
        noise,
        start.mask().map(mask -> mask.in(view).sample(grid.width(), grid.height())));
  }

  /** A way down the noise. */
  private interface Solver {
    int[] timesteps();

    float[] step(int index, float[] x, float[] output);
  }

  private static Solver ddim(SchedulerConfig config, int steps) {
    var solver = Ddim.of(config, steps);
    int[] ts = Timesteps.ddim(config, steps);
    return new Solver() {
      @Override
      public int[] timesteps() {
        return ts;
      }

      @Override
      public float[] step(int index, float[] x, float[] output) {
        return solver.step(ts[index], x, output);
      }
    };
  }

  private static Solver dpm(SchedulerConfig config, int steps) {
    var solver = DpmSolverPlusPlus.of(config, steps);
    return new Solver() {
      private float @Nullable [] previous = null;

      @Override
      public int[] timesteps() {
        return solver.timesteps();
      }

      @Override
      public float[] step(int index, float[] x, float[] output) {
        var x0 = solver.x0(index, x, output);
        var next = solver.step(index, x, x0, previous);
        previous = x0;
        return next;
      }
    };
  }

  /**
   * The prediction of both halves of the batch, drawn away from the unconditional one: {@code
   * uncond + guidance * (cond - uncond)}. A batch of one is the prediction as it is.
   */
  public static float[] guided(Denoiser denoiser, float[] x, int t, double guidance) {
    var none = SiteBank.Slots.NONE;
    if (denoiser.batch() == 1) {
      return denoiser.predict(x, new int[] {t}, none);
    }
    int n = x.length;
    var both = new float[2 * n];
    System.arraycopy(x, 0, both, 0, n);
    System.arraycopy(x, 0, both, n, n);
    var predicted = denoiser.predict(both, new int[] {t, t}, none);
    return Guidance.of(
        Arrays.copyOfRange(predicted, 0, n), Arrays.copyOfRange(predicted, n, 2 * n), guidance);
  }
}
