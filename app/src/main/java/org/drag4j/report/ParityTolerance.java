package org.drag4j.report;

/**
 * Largest relative L2 errors of a right engine in float32.
 *
 * @param network one call of a network, against the recording and against float64
 * @param guidedOutput a prediction inside a free-running chain, after guidance
 */
record ParityTolerance(double network, double guidedOutput) {
  static final ParityTolerance EXACT = new ParityTolerance(1e-5, 5e-5);
  static final ParityTolerance DEFAULT = new ParityTolerance(1e-4, 5e-4);

  /** The table of cumulative alphas. */
  static final double TABLE = 1e-6;

  /** One step of a solver fed the recorded latent and prediction. */
  static final double STEP = 1e-5;

  /** A latent of a free-running chain. */
  static final double CHAIN = 1e-4;

  /** The picture at the end of a free-running chain. */
  static final double CHAIN_IMAGE = 2e-4;

  /** A latent of a RegionDrag run. */
  static final double LATENT = 2e-4;

  /** Random numbers, and their largest difference. */
  static final double DRAWN = 1e-7;

  static final double DRAWN_MAX = 5e-7;

  /** Least signal to noise ratio of a finished picture, in dB. */
  static final double PICTURE_DB = 70;

  static ParityTolerance of(boolean exact) {
    return exact ? EXACT : DEFAULT;
  }
}
