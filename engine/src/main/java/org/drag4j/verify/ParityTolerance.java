package org.drag4j.verify;

import org.drag4j.tensor.DType;

/**
 * Largest relative L2 errors of a right engine.
 *
 * @param network one call of a network, against the recording and against float64
 * @param guidedOutput a prediction inside a free-running chain, after guidance
 * @param chain a latent of a free-running chain
 * @param chainImage the picture at the end of a free-running chain
 * @param latent a latent of an editing run
 * @param pictureDb least signal to noise ratio of a finished picture, in dB
 */
record ParityTolerance(
    double network,
    double guidedOutput,
    double chain,
    double chainImage,
    double latent,
    double pictureDb) {
  static final ParityTolerance EXACT = new ParityTolerance(1e-5, 5e-5, 1e-4, 2e-4, 2e-4, 70);
  static final ParityTolerance DEFAULT = new ParityTolerance(1e-4, 5e-4, 1e-4, 2e-4, 2e-4, 70);
  static final ParityTolerance HALF = new ParityTolerance(1e-2, 5e-2, 2e-2, 2e-2, 2e-2, 45);

  /** The table of cumulative alphas. */
  static final double TABLE = 1e-6;

  /** One step of a solver fed the recorded latent and prediction. */
  static final double STEP = 1e-5;

  /** Random numbers, and their largest difference. */
  static final double DRAWN = 1e-7;

  static final double DRAWN_MAX = 5e-7;

  /**
   * A recording's own gate, which is for F32 without approximate kernels.
   *
   * @param exact largest relative L2 error there
   */
  double gate(double exact) {
    if (equals(HALF)) {
      return latent;
    }
    return equals(EXACT) ? exact : 5 * exact;
  }

  /**
   * What is right on a device.
   *
   * @param activations how the device keeps what goes from one kernel to the next
   */
  static ParityTolerance of(boolean exact, DType activations) {
    if (activations == DType.F16) {
      return HALF;
    }
    return exact ? EXACT : DEFAULT;
  }
}
