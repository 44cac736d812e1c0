package org.drag4j.schedule;

/**
 * The cumulative alphas of a diffusion process in float32, bit for bit those of diffusers, and the
 * conversions between what networks predict (Ho et al. 2020; Salimans and Ho 2022 for v).
 *
 * <p>All array functions work element by element, whatever the layout, and leave their arguments
 * alone.
 */
public final class NoiseSchedule {
  private final float[] alphasCumprod;
  private final PredictionType predictionType;

  private NoiseSchedule(float[] alphasCumprod, PredictionType predictionType) {
    this.alphasCumprod = alphasCumprod;
    this.predictionType = predictionType;
  }

  /** Builds the table a scheduler configuration describes. */
  public static NoiseSchedule of(SchedulerConfig config) {
    float[] betas =
        switch (config.betaSchedule()) {
          case LINEAR -> linspace(config.betaStart(), config.betaEnd(), config.numTrainTimesteps());
          case SCALED_LINEAR -> {
            float[] roots =
                linspace(
                    Math.sqrt(config.betaStart()),
                    Math.sqrt(config.betaEnd()),
                    config.numTrainTimesteps());
            for (int i = 0; i < roots.length; i++) {
              roots[i] *= roots[i];
            }
            yield roots;
          }
        };
    float[] cumprod = new float[betas.length];
    // torch accumulates a float32 cumprod on the CPU in double and rounds every element once.
    double product = 1;
    for (int i = 0; i < betas.length; i++) {
      product *= 1 - betas[i];
      cumprod[i] = (float) product;
    }
    return new NoiseSchedule(cumprod, config.predictionType());
  }

  /** {@code torch.linspace} in float32: counted from the nearer end, each value rounded once. */
  private static float[] linspace(double first, double last, int n) {
    float start = (float) first;
    float end = (float) last;
    float[] out = new float[n];
    if (n == 1) {
      out[0] = start;
      return out;
    }
    float step = (end - start) / (n - 1);
    for (int i = 0; i < n; i++) {
      out[i] = i < n / 2 ? Math.fma(step, i, start) : Math.fma(-step, n - 1 - i, end);
    }
    return out;
  }

  /** The number of training timesteps, which is the length of the table. */
  public int trainTimesteps() {
    return alphasCumprod.length;
  }

  /** What the network of this schedule predicts. */
  public PredictionType predictionType() {
    return predictionType;
  }

  /**
   * The cumulative alpha at timestep {@code t}; 1, which is no noise at all, below 0.
   *
   * @throws IllegalArgumentException if {@code t} lies past the table
   */
  public float alphaCumprod(int t) {
    if (t >= alphasCumprod.length) {
      throw new IllegalArgumentException(
          SchedulerConfig.complaint(
              "timestep",
              "at most " + (alphasCumprod.length - 1),
              t,
              "use more steps or a lower starting strength"));
    }
    return t < 0 ? 1f : alphasCumprod[t];
  }

  /** A copy of the whole table, {@code [trainTimesteps]}. */
  public float[] alphasCumprod() {
    return alphasCumprod.clone();
  }

  /** The clean latent that {@code modelOutput} implies for the state {@code x} at {@code t}. */
  public float[] x0(int t, float[] x, float[] modelOutput) {
    requireSameLength(x, modelOutput);
    float alpha = alphaCumprod(t);
    float signal = sqrt(alpha);
    float noise = sqrt(1 - alpha);
    float[] out = new float[x.length];
    switch (predictionType) {
      case EPSILON -> {
        for (int i = 0; i < out.length; i++) {
          out[i] = (x[i] - noise * modelOutput[i]) / signal;
        }
      }
      case V_PREDICTION -> {
        for (int i = 0; i < out.length; i++) {
          out[i] = signal * x[i] - noise * modelOutput[i];
        }
      }
    }
    return out;
  }

  /**
   * A clean latent with noise of one timestep.
   *
   * @param noise standard normal, the layout of {@code clean}
   * @return a new array
   */
  public float[] addNoise(int t, float[] clean, float[] noise) {
    requireSameLength(clean, noise);
    float alpha = alphaCumprod(t);
    float keep = sqrt(alpha);
    float add = sqrt(1 - alpha);
    float[] out = new float[clean.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = keep * clean[i] + add * noise[i];
    }
    return out;
  }

  /** The noise that {@code modelOutput} implies for the state {@code x} at {@code t}. */
  public float[] epsilon(int t, float[] x, float[] modelOutput) {
    requireSameLength(x, modelOutput);
    if (predictionType == PredictionType.EPSILON) {
      return modelOutput.clone();
    }
    float alpha = alphaCumprod(t);
    float signal = sqrt(alpha);
    float noise = sqrt(1 - alpha);
    float[] out = new float[x.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = signal * modelOutput[i] + noise * x[i];
    }
    return out;
  }

  /**
   * A noisy latent with other content under the same noise: {@code x + sqrt(alphaCumprod(t)) *
   * (other - clean)}.
   *
   * @param clean what {@code x} is a noisy form of
   */
  public float[] withContent(int t, float[] x, float[] clean, float[] other) {
    requireSameLength(x, clean);
    requireSameLength(x, other);
    float signal = sqrt(alphaCumprod(t));
    float[] out = new float[x.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = x[i] + signal * (other[i] - clean[i]);
    }
    return out;
  }

  static float sqrt(float x) {
    return (float) Math.sqrt(x);
  }

  static void requireSameLength(float[] a, float[] b) {
    if (a.length != b.length) {
      throw new IllegalArgumentException(
          "latents: expected equal sizes, got "
              + a.length
              + " and "
              + b.length
              + " values; pass tensors of one shape");
    }
  }
}
