package org.drag4j.kernels.cuda.kernel;

import java.util.Locale;
import org.drag4j.kernels.cuda.kernel.Buffer.Format;

/**
 * How far a result is from the truth and how far it may be, in relative L2 and at the worst element
 * against the largest.
 */
record Deviation(double relL2, double allowedL2, double maxAbs, double allowedAbs) {
  /** Results are rounded to 11 or 24 bits once; sums inside are in single precision. */
  static Deviation of(Format format, double[] exact, double[] got) {
    return format == Format.F16 ? of(5e-4, 2e-3, exact, got) : of(2e-6, 2e-5, exact, got);
  }

  /** {@code abs} is relative to the largest element. */
  static Deviation of(double l2, double abs, double[] exact, double[] got) {
    if (exact.length != got.length) {
      throw new IllegalArgumentException(
          "deviation: expected " + exact.length + " numbers, got " + got.length);
    }
    double squares = 0;
    double errors = 0;
    double largest = 0;
    double worst = 0;
    for (int i = 0; i < exact.length; i++) {
      double e = got[i] - exact[i];
      if (Double.isNaN(got[i]) && Double.isNaN(exact[i])) {
        e = 0;
      } else {
        squares += exact[i] * exact[i];
        largest = Math.max(largest, Math.abs(exact[i]));
      }
      errors += e * e;
      worst = Math.max(worst, Math.abs(e)); // max keeps a NaN
    }
    double relative = errors == 0 ? 0 : Math.sqrt(errors / squares);
    return new Deviation(relative, l2, worst, abs * largest);
  }

  /** Nothing but equality will do. */
  static Deviation exactly(double[] expected, double[] got) {
    return of(0, 0, expected, got);
  }

  /** Whether both are within what is allowed; a NaN is not. */
  boolean ok() {
    return relL2 <= allowedL2 && maxAbs <= allowedAbs;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "relL2 %.3g of %.3g, max abs %.3g of %.3g",
        relL2,
        allowedL2,
        maxAbs,
        allowedAbs);
  }
}
