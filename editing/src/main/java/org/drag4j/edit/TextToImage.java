package org.drag4j.edit;

import java.util.List;
import java.util.Map;
import org.drag4j.graph.Hook;
import org.drag4j.method.Denoiser;
import org.drag4j.method.Progress;
import org.drag4j.schedule.Ddim;
import org.drag4j.schedule.DpmSolverPlusPlus;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.schedule.Timesteps;
import org.drag4j.schedule.TorchRandom;
import org.drag4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Pictures from prompts, by classifier-free guidance (Ho and Salimans, 2022). */
public final class TextToImage {
  private TextToImage() {}

  /** How the chain from noise to picture is solved. */
  public enum Sampler {
    DDIM,
    DPMPP2M
  }

  /**
   * What to generate.
   *
   * @param negative the prompt of the unconditional half
   * @param width in pixels, a multiple of 8; likewise {@code height}
   * @param guidance weight of the prompt; 1 leaves the unconditional half out
   */
  public record Options(
      String prompt,
      String negative,
      int width,
      int height,
      int steps,
      double guidance,
      Sampler sampler,
      long seed) {}

  /**
   * Generates one picture.
   *
   * @throws IllegalArgumentException where the size or the number of steps cannot be had
   * @throws org.drag4j.method.CancelledException where the user stopped the work
   */
  public static Picture generate(Pipeline pipeline, Options options, Progress progress) {
    int factor = pipeline.vae().factor();
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
            options.height() / factor, options.width() / factor, pipeline.vae().latentChannels());
    boolean guided = options.guidance() != 1;
    progress.phase("encode", 1);
    var contexts =
        pipeline.encodeText(
            guided ? List.of(options.negative(), options.prompt()) : List.of(options.prompt()));
    progress.advance(1, 1);
    var x = grid.fromNchw(TorchRandom.seeded(options.seed()).randn(grid.size()));
    progress.phase("edit", options.steps());
    try (var denoiser = pipeline.denoiser(Hook.NONE, grid, contexts)) {
      x =
          switch (options.sampler()) {
            case DDIM -> ddim(pipeline, denoiser, x, options, progress);
            case DPMPP2M -> dpm(pipeline, denoiser, x, options, progress);
          };
    } finally {
      pipeline.doneWithDenoiser();
    }
    progress.phase("decode", 1);
    var pixels = pipeline.decode(x, grid);
    progress.advance(1, 1);
    return Picture.fromModel(pixels, options.width(), options.height(), false);
  }

  private static float[] ddim(
      Pipeline pipeline, Denoiser denoiser, float[] x, Options options, Progress progress) {
    var solver = Ddim.of(pipeline.scheduler(), options.steps());
    int[] ts = Timesteps.ddim(pipeline.scheduler(), options.steps());
    for (int i = 0; i < ts.length; i++) {
      x = solver.step(ts[i], x, guided(denoiser, x, ts[i], options.guidance()));
      progress.advance(i + 1, ts.length);
    }
    return x;
  }

  private static float[] dpm(
      Pipeline pipeline, Denoiser denoiser, float[] x, Options options, Progress progress) {
    var solver = DpmSolverPlusPlus.of(pipeline.scheduler(), options.steps());
    int[] ts = solver.timesteps();
    float @Nullable [] previous = null;
    for (int i = 0; i < ts.length; i++) {
      var x0 = solver.x0(i, x, guided(denoiser, x, ts[i], options.guidance()));
      x = solver.step(i, x, x0, previous);
      previous = x0;
      progress.advance(i + 1, ts.length);
    }
    return x;
  }

  /**
   * The prediction of both halves of the batch, drawn away from the unconditional one: {@code
   * uncond + guidance * (cond - uncond)}. A batch of one is the prediction as it is.
   */
  public static float[] guided(Denoiser denoiser, float[] x, int t, double guidance) {
    var none = Map.<String, Tensor>of();
    if (denoiser.batch() == 1) {
      return denoiser.predict(x, new int[] {t}, none);
    }
    int n = x.length;
    var both = new float[2 * n];
    System.arraycopy(x, 0, both, 0, n);
    System.arraycopy(x, 0, both, n, n);
    var predicted = denoiser.predict(both, new int[] {t, t}, none);
    var out = new float[n];
    float weight = (float) guidance;
    for (int i = 0; i < n; i++) {
      out[i] = predicted[i] + weight * (predicted[n + i] - predicted[i]);
    }
    return out;
  }
}
