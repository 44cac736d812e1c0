package org.drag4j.schedule;

/** The deterministic DDIM step (Song et al. 2021, eta 0); diffusers: {@code DDIMScheduler}. */
public final class Ddim {
  private final NoiseSchedule schedule;
  private final int stride;
  private final float finalAlphaCumprod;

  private Ddim(NoiseSchedule schedule, int stride, float finalAlphaCumprod) {
    this.schedule = schedule;
    this.stride = stride;
    this.finalAlphaCumprod = finalAlphaCumprod;
  }

  /**
   * A sampler of {@code steps} steps.
   *
   * @throws IllegalArgumentException if {@code steps} is not in 1 to the length of the schedule
   */
  public static Ddim of(SchedulerConfig config, int steps) {
    int n = config.numTrainTimesteps();
    Timesteps.requireSteps(steps, n);
    NoiseSchedule schedule = NoiseSchedule.of(config);
    return new Ddim(schedule, n / steps, config.setAlphaToOne() ? 1f : schedule.alphaCumprod(0));
  }

  /**
   * One step from {@code t} to {@code t - stride}.
   *
   * @param t a timestep of {@link Timesteps#ddim}
   * @param x the latent at {@code t}, any layout
   * @param modelOutput the network's prediction at {@code t}, after guidance
   * @return the latent of the next timestep, a new array
   */
  public float[] step(int t, float[] x, float[] modelOutput) {
    float[] x0 = schedule.x0(t, x, modelOutput);
    float[] epsilon = schedule.epsilon(t, x, modelOutput);
    int next = t - stride;
    float alphaNext = next < 0 ? finalAlphaCumprod : schedule.alphaCumprod(next);
    float signal = NoiseSchedule.sqrt(alphaNext);
    float noise = NoiseSchedule.sqrt(1 - alphaNext);
    for (int i = 0; i < x0.length; i++) {
      x0[i] = signal * x0[i] + noise * epsilon[i];
    }
    return x0;
  }
}
