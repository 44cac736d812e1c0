package org.drag4j.tests.conformance;

import java.util.List;
import java.util.Locale;

/**
 * How far an output is from the truth, and how far it may be: so many times as far as a naive
 * evaluation in the same precision, plus one epsilon, both in relative L2 and at the worst element.
 * Where few elements are dominated by few roundings, one naive evaluation can be right by chance,
 * so the worse of several counts.
 */
record Comparison(String output, double relL2, double allowedL2, double maxAbs, double allowedAbs) {
  private static final double EPSILON = 0x1p-23;
  private static final double HALF_ROUNDING = 0x1p-11;

  /** In F32; as {@link #of(String, double[], List, float[], double, boolean)}. */
  static Comparison of(
      String output, double[] exact, List<double[]> naive, float[] got, double factor) {
    return of(output, exact, naive, got, factor, false);
  }

  /**
   * Compares an output.
   *
   * @param factor 2, or 8 for kernels marked approximate
   * @param halves whether results are stored in half precision: then the worst element may be off
   *     by the rounding of the largest one besides
   */
  static Comparison of(
      String output,
      double[] exact,
      List<double[]> naive,
      float[] got,
      double factor,
      boolean halves) {
    double squares = 0;
    double largest = 0;
    var error = new Deviation();
    for (int i = 0; i < exact.length; i++) {
      squares += exact[i] * exact[i];
      largest = Math.max(largest, Math.abs(exact[i]));
      error.add(got[i] - exact[i]);
    }
    double norm = Math.sqrt(squares);
    double naiveL2 = 0;
    double naiveAbs = 0;
    for (var values : naive) {
      var e = new Deviation();
      for (int i = 0; i < exact.length; i++) {
        e.add(values[i] - exact[i]);
      }
      naiveL2 = Math.max(naiveL2, e.relative(norm));
      naiveAbs = Math.max(naiveAbs, e.largest);
    }
    return new Comparison(
        output,
        error.relative(norm),
        factor * naiveL2 + EPSILON,
        error.largest,
        factor * naiveAbs + (halves ? HALF_ROUNDING : EPSILON) * largest);
  }

  private static final class Deviation {
    private double squares;
    private double largest;

    void add(double difference) {
      squares += difference * difference;
      largest = Math.max(largest, Math.abs(difference)); // max keeps a NaN
    }

    double relative(double norm) {
      return squares == 0 ? 0 : Math.sqrt(squares) / norm;
    }
  }

  /** Whether both errors are within what is allowed; a NaN is not. */
  boolean ok() {
    return relL2 <= allowedL2 && maxAbs <= allowedAbs;
  }

  /** The worse of the two errors in percent of what is allowed. */
  double percent() {
    double abs = maxAbs == 0 ? 0 : maxAbs / allowedAbs;
    return 100 * Math.max(relL2 / allowedL2, abs);
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s: relL2 %.3g of %.3g, max abs %.3g of %.3g, %.0f%% of allowed",
        output,
        relL2,
        allowedL2,
        maxAbs,
        allowedAbs,
        percent());
  }
}
