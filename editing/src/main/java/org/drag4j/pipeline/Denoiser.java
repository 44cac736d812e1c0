package org.drag4j.pipeline;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.drag4j.graph.Hook;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.tensor.Shape;

/** The program of one UNet call with its contexts in place. */
public final class Denoiser implements AutoCloseable {
  /** The name of the call, with which its sites begin. */
  public static final String CALL = "unet";

  private static final String SAMPLE = "sample";
  private static final String TIMESTEP = "timestep";
  private static final String CONTEXT = "encoder_hidden_states";
  private static final String OUTPUT = "out_sample";

  private final Program program;
  private final float[] timesteps;

  private Denoiser(Program program, int batch) {
    this.program = program;
    timesteps = new float[batch];
  }

  /** A UNet call without a hook. */
  public static Denoiser compile(Models models, LatentGrid grid, List<float[]> contexts) {
    return compile(models, grid, contexts, _ -> Hook.NONE);
  }

  /**
   * A UNet call for as many samples as there are contexts.
   *
   * @param contexts one a sample, {@code [T, D]} each
   * @param hook made for the program's scope, where it can make inputs
   */
  public static Denoiser compile(
      Models models, LatentGrid grid, List<float[]> contexts, Function<Scope, Hook> hook) {
    return new Denoiser(models.compile(build(models, grid, contexts, hook)), contexts.size());
  }

  /** What {@link #compile} compiles. */
  public static Consumer<Scope> build(
      Models models, LatentGrid grid, List<float[]> contexts, Function<Scope, Hook> hook) {
    int batch = contexts.size();
    int width = models.shape().crossAttentionDim();
    var joined = joined(contexts);
    return scope -> {
      var sample = scope.input(SAMPLE, batch, grid.height(), grid.width(), grid.channels());
      var timestep = scope.input(TIMESTEP, batch);
      var context = scope.fixed(CONTEXT, joined, batch, contexts.getFirst().length / width, width);
      scope.unet(CALL, sample, timestep, context, hook.apply(scope)).output(OUTPUT);
    };
  }

  private static float[] joined(List<float[]> contexts) {
    int each = contexts.getFirst().length;
    var all = new float[Math.multiplyExact(contexts.size(), each)];
    for (int i = 0; i < contexts.size(); i++) {
      System.arraycopy(contexts.get(i), 0, all, i * each, each);
    }
    return all;
  }

  /** Samples of one call. */
  public int batch() {
    return timesteps.length;
  }

  /** The program itself. */
  public Program program() {
    return program;
  }

  /** Shapes of what the hook captures or injects, by port, batch first. */
  public Map<String, Shape> sites() {
    return program.sites();
  }

  /**
   * The network's prediction, as it was trained: noise or velocity.
   *
   * @param latents {@code [batch, H, W, C]}
   * @param at one timestep a sample
   * @param slots as many slots as samples for every site: written where captured, read where
   *     injected
   * @return {@code [batch, H, W, C]}
   */
  public float[] predict(float[] latents, int[] at, SiteBank.Slots slots) {
    if (at.length != timesteps.length) {
      throw new IllegalArgumentException(
          "denoiser: expected " + timesteps.length + " timesteps, got " + at.length);
    }
    for (int i = 0; i < at.length; i++) {
      timesteps[i] = at[i];
    }
    return program.set(SAMPLE, latents).set(TIMESTEP, timesteps).slots(slots).run().get(OUTPUT);
  }

  /** Releases its memory; the weights stay. */
  @Override
  public void close() {
    program.close();
  }
}
