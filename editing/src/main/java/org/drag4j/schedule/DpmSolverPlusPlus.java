package org.drag4j.schedule;

import org.jspecify.annotations.Nullable;

/**
 * DPM-Solver++ 2M (Lu et al. 2022): second order, midpoint, first order in the first and the last
 * step, final sigma zero; diffusers: {@code DPMSolverMultistepScheduler}.
 *
 * <p>The solver keeps no state: the caller hands back the clean prediction of the step before.
 */
public final class DpmSolverPlusPlus {
  private final NoiseSchedule schedule;
  private final int[] timesteps;

  private DpmSolverPlusPlus(NoiseSchedule schedule, int[] timesteps) {
    this.schedule = schedule;
    this.timesteps = timesteps;
  }

  /**
   * A sampler of {@code steps} steps over {@link Timesteps#dpmSolver}.
   *
   * @throws IllegalArgumentException unless {@code steps} distinct timesteps fit the schedule
   */
  public static DpmSolverPlusPlus of(SchedulerConfig config, int steps) {
    return new DpmSolverPlusPlus(NoiseSchedule.of(config), Timesteps.dpmSolver(config, steps));
  }

  /** The timesteps visited, noisiest first. */
  public int[] timesteps() {
    return timesteps.clone();
  }

  /** The clean latent predicted in step {@code index}; what {@link #step} takes. */
  public float[] x0(int index, float[] x, float[] modelOutput) {
    return schedule.x0(timesteps[index], x, modelOutput);
  }

  /**
   * Step {@code index}, from its timestep to the following one, or to the clean latent at the end.
   *
   * @param x the latent, any layout
   * @param x0 the clean prediction of this step
   * @param previousX0 the clean prediction of the step before; null in the first step of a chain,
   *     which need not be that of the schedule
   * @return the next latent, a new array
   */
  public float[] step(int index, float[] x, float[] x0, float @Nullable [] previousX0) {
    NoiseSchedule.requireSameLength(x, x0);
    if (index == timesteps.length - 1) {
      return x0.clone();
    }
    if (previousX0 != null && index == 0) {
      throw new IllegalArgumentException(
          SchedulerConfig.complaint(
              "step 0", "no earlier prediction", "one", "start a chain without it"));
    }
    int t = timesteps[index];
    int next = timesteps[index + 1];
    double h = lambda(next) - lambda(t);
    float shrink = (float) (sigma(next) / sigma(t));
    float grow = (float) (-alpha(next) * Math.expm1(-h));
    float[] out = new float[x.length];
    if (previousX0 == null) {
      for (int i = 0; i < out.length; i++) {
        out[i] = shrink * x[i] + grow * x0[i];
      }
      return out;
    }
    NoiseSchedule.requireSameLength(x, previousX0);
    float slope = (float) (0.5 * h / (lambda(t) - lambda(timesteps[index - 1])));
    for (int i = 0; i < out.length; i++) {
      float midpoint = x0[i] + slope * (x0[i] - previousX0[i]);
      out[i] = shrink * x[i] + grow * midpoint;
    }
    return out;
  }

  private double alpha(int t) {
    return Math.sqrt(schedule.alphaCumprod(t));
  }

  private double sigma(int t) {
    return Math.sqrt(1.0 - schedule.alphaCumprod(t));
  }

  private double lambda(int t) {
    return Math.log(alpha(t)) - Math.log(sigma(t));
  }
}
