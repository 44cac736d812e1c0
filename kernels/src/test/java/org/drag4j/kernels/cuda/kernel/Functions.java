package org.drag4j.kernels.cuda.kernel;

import org.drag4j.graph.Op;

/** The activations in double precision. */
final class Functions {
  private Functions() {}

  static double apply(Op.UnaryFn fn, double x) {
    return switch (fn) {
      case SILU -> x / (1 + Math.exp(-x));
      case QUICK_GELU -> x / (1 + Math.exp(-1.702 * x));
      case GELU -> x / 2 * (1 + erf(x * Math.sqrt(0.5)));
    };
  }

  /** Series near zero, continued fraction beyond (Abramowitz and Stegun 7.1.6, 7.1.14). */
  private static double erf(double x) {
    double a = Math.abs(x);
    if (a > 6) {
      return Math.signum(x);
    }
    double gauss = Math.exp(-a * a) / Math.sqrt(Math.PI);
    if (a < 2.5) {
      double term = a;
      double sum = a;
      for (int n = 1; term > 1e-18 * sum; n++) {
        term *= 2 * a * a / (2 * n + 1);
        sum += term;
      }
      return Math.signum(x) * 2 * gauss * sum;
    }
    double fraction = a;
    for (int n = 80; n > 0; n--) {
      fraction = a + n / 2.0 / fraction;
    }
    return Math.signum(x) * (1 - gauss / fraction);
  }
}
