package org.drag4j.vae;

/** The diagonal Gaussian an encoder gives. diffusers: {@code DiagonalGaussianDistribution}. */
public final class Posterior {
  private final float[] mean;
  private final float[] std;

  private Posterior(float[] mean, float[] std) {
    this.mean = mean;
    this.std = std;
  }

  /** From moments {@code [h, w, 2*latent]}: log variances are clamped to [-30, 20]. */
  public static Posterior of(float[] moments, int latentChannels) {
    int cells = moments.length / (2 * latentChannels);
    var mean = new float[cells * latentChannels];
    var std = new float[mean.length];
    for (int p = 0; p < cells; p++) {
      for (int c = 0; c < latentChannels; c++) {
        int from = p * 2 * latentChannels + c;
        int to = p * latentChannels + c;
        mean[to] = moments[from];
        float logVariance = Math.clamp(moments[from + latentChannels], -30f, 20f);
        std[to] = (float) Math.exp(0.5f * logVariance);
      }
    }
    return new Posterior(mean, std);
  }

  /** The most likely latent, scaled. */
  public float[] mode(float scalingFactor) {
    var z = new float[mean.length];
    for (int i = 0; i < z.length; i++) {
      z[i] = mean[i] * scalingFactor;
    }
    return z;
  }

  /** A draw with standard normal {@code noise} in the same order, scaled. */
  public float[] sample(float[] noise, float scalingFactor) {
    var z = new float[mean.length];
    for (int i = 0; i < z.length; i++) {
      z[i] = (mean[i] + std[i] * noise[i]) * scalingFactor;
    }
    return z;
  }
}
