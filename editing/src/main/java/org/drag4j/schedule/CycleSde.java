package org.drag4j.schedule;

import java.util.Arrays;

/**
 * RegionDrag's inversion and its way back: a DDPM-type chain whose noise is stored so that it can
 * be replayed (Wu and De la Torre 2023, "cycle-SDE"), and the deterministic pair of the same form.
 *
 * <p>The clean latent counts as the state of the smallest timestep, so the whole chain lies one
 * stride late; that is how the method is defined. Array functions work element by element in
 * float32, whatever the layout, and leave their arguments alone. They take the noise {@code
 * epsilon}; {@link NoiseSchedule#epsilon} converts other predictions.
 */
public final class CycleSde {
  private final NoiseSchedule schedule;
  private final int stride;
  private final int[] inversion;
  private final int[] denoising;

  private CycleSde(NoiseSchedule schedule, int stride, int[] inversion, int[] denoising) {
    this.schedule = schedule;
    this.stride = stride;
    this.inversion = inversion;
    this.denoising = denoising;
  }

  /**
   * The chain of {@code (int) (start * steps)} steps out and as many back.
   *
   * @param steps how many steps the whole noise range is divided into
   * @param start how much of the range to walk, in [0, 1); RegionDrag's {@code start_t}
   * @throws IllegalArgumentException if the walk would leave the schedule
   */
  public static CycleSde of(SchedulerConfig config, int steps, double start) {
    int[] table = Timesteps.dpmSolver(config, steps);
    if (!(start >= 0 && start < 1)) {
      throw new IllegalArgumentException(
          SchedulerConfig.complaint("start_t", "0 <= start_t < 1", start, "choose another value"));
    }
    int n = config.numTrainTimesteps();
    int stride = n / steps;
    int walked = (int) (start * steps);
    int[] inversion = new int[walked];
    for (int i = 0; i < walked; i++) {
      inversion[i] = table[steps - 1 - i];
    }
    int[] denoising = Arrays.copyOfRange(table, steps - walked - 1, steps - 1);
    if (walked > 0 && inversion[walked - 1] + stride == n) {
      // Two steps: the middle of 0 and 999 was rounded up, and its state would lie past the table.
      inversion[walked - 1]--;
    }
    if (walked > 0 && inversion[walked - 1] + stride >= n) {
      throw new IllegalArgumentException(
          SchedulerConfig.complaint(
              "start_t",
              "a walk that ends below timestep " + n,
              (inversion[walked - 1] + stride) + " for start_t " + start + " of " + steps,
              "lower start_t or use more steps"));
    }
    return new CycleSde(NoiseSchedule.of(config), stride, inversion, denoising);
  }

  /** The timesteps of the way out, cleanest first, {@code [S]}. */
  public int[] inversionTimesteps() {
    return inversion.clone();
  }

  /** The timesteps of the way back, noisiest first, {@code [S]}. */
  public int[] denoisingTimesteps() {
    return denoising.clone();
  }

  /** The distance in timesteps between two states of one step. */
  public int stride() {
    return stride;
  }

  /** The table the chain runs on. */
  public NoiseSchedule schedule() {
    return schedule;
  }

  /**
   * The state at {@code t + stride} of the state {@code x} at {@code t}, by adding fresh noise.
   *
   * @param noise standard normal, the layout of {@code x}
   */
  public float[] addNoise(int t, float[] x, float[] noise) {
    NoiseSchedule.requireSameLength(x, noise);
    float ratio = schedule.alphaCumprod(t + stride) / schedule.alphaCumprod(t);
    float keep = NoiseSchedule.sqrt(ratio);
    float add = NoiseSchedule.sqrt(1 - ratio);
    float[] out = new float[x.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = keep * x[i] + add * noise[i];
    }
    return out;
  }

  /**
   * The noise that {@link #sample} must add at {@code t + stride} to return exactly to {@code x}.
   *
   * @param t the timestep of the cleaner state
   * @param x the state at {@code t}
   * @param noisier the state at {@code t + stride}, from {@link #addNoise}
   * @param epsilon the prediction for {@code noisier} at {@code t + stride}
   */
  public float[] recoverNoise(int t, float[] x, float[] noisier, float[] epsilon) {
    NoiseSchedule.requireSameLength(x, noisier);
    float alpha = schedule.alphaCumprod(t);
    float sigma = sigma(t, t + stride);
    float signal = NoiseSchedule.sqrt(alpha);
    float direction = NoiseSchedule.sqrt(1 - alpha - sigma * sigma);
    float[] out = cleaned(t + stride, noisier, epsilon);
    for (int i = 0; i < out.length; i++) {
      out[i] = (x[i] - signal * out[i] - direction * epsilon[i]) / sigma;
    }
    return out;
  }

  /**
   * The state at {@code t - stride} of the state {@code x} at {@code t}, with stored noise.
   *
   * @param noise from {@link #recoverNoise}
   */
  public float[] sample(int t, float[] x, float[] epsilon, float[] noise) {
    NoiseSchedule.requireSameLength(x, noise);
    float sigma = sigma(t - stride, t);
    float[] out = move(t, t - stride, sigma, x, epsilon);
    for (int i = 0; i < out.length; i++) {
      out[i] += sigma * noise[i];
    }
    return out;
  }

  /**
   * The deterministic state at {@code t + stride}; {@code epsilon} is the prediction at {@code t}.
   */
  public float[] invertOde(int t, float[] x, float[] epsilon) {
    return move(t, t + stride, 0, x, epsilon);
  }

  /**
   * The deterministic state at {@code t - stride}; {@code epsilon} is the prediction at {@code t}.
   */
  public float[] sampleOde(int t, float[] x, float[] epsilon) {
    return move(t, t - stride, 0, x, epsilon);
  }

  private float[] move(int t, int to, float sigma, float[] x, float[] epsilon) {
    float alpha = schedule.alphaCumprod(to);
    float signal = NoiseSchedule.sqrt(alpha);
    float direction = NoiseSchedule.sqrt(1 - alpha - sigma * sigma);
    float[] out = cleaned(t, x, epsilon);
    for (int i = 0; i < out.length; i++) {
      out[i] = signal * out[i] + direction * epsilon[i];
    }
    return out;
  }

  private float[] cleaned(int t, float[] x, float[] epsilon) {
    NoiseSchedule.requireSameLength(x, epsilon);
    float alpha = schedule.alphaCumprod(t);
    float signal = NoiseSchedule.sqrt(alpha);
    float noise = NoiseSchedule.sqrt(1 - alpha);
    float[] out = new float[x.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (x[i] - noise * epsilon[i]) / signal;
    }
    return out;
  }

  /** The DDPM posterior deviation between a cleaner and a noisier timestep (eta 1). */
  private float sigma(int cleaner, int noisier) {
    float a = schedule.alphaCumprod(cleaner);
    float b = schedule.alphaCumprod(noisier);
    return NoiseSchedule.sqrt((1 - a) / (1 - b)) * NoiseSchedule.sqrt(1 - b / a);
  }
}
