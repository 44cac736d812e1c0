package org.drag4j.verify;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.drag4j.tensor.Shape;

/** Compares tensors and hands each comparison on as a row. */
final class ParityRows {
  private static final Shape NOTHING = Shape.of(0);

  private final Consumer<ParityRow> sink;
  private final List<String> skipped = new ArrayList<>();
  private int compared;
  private int failed;

  ParityRows(Consumer<ParityRow> sink) {
    this.sink = sink;
  }

  ParityReport report() {
    return new ParityReport(compared, failed, skipped);
  }

  /** Names something that is not checked. */
  void skip(String what) {
    skipped.add(what);
  }

  /** A row for a tensor that could not be compared. */
  void fail(ParityFile file, String tensor, double allowed, String note) {
    fail(file, tensor, file.row(tensor), allowed, note);
  }

  /** A row of another name for a tensor that could not be compared. */
  void fail(ParityFile file, String tensor, String name, double allowed, String note) {
    var shape = file.has(tensor) ? file.shape(tensor) : NOTHING;
    add(new ParityRow(name, shape, Double.NaN, Double.NaN, allowed, false, note));
  }

  /** Whether a tensor that must be there is; if not, that is a row. */
  boolean present(ParityFile file, String tensor, double allowed) {
    return present(file, tensor, file.row(tensor), allowed);
  }

  /** Compares within a relative L2 error. */
  void close(ParityFile file, String tensor, Shape shape, float[] actual, double allowed) {
    close(file, tensor, file.row(tensor), shape, actual, allowed, Double.POSITIVE_INFINITY);
  }

  /**
   * Compares within a relative L2 error and a largest difference.
   *
   * @param name of the row
   * @param shape of {@code actual}, in the recording's layout
   */
  void close(
      ParityFile file,
      String tensor,
      String name,
      Shape shape,
      float[] actual,
      double allowed,
      double allowedMax) {
    if (!present(file, tensor, name, allowed) || !sameShape(file, tensor, name, shape, allowed)) {
      return;
    }
    var d = Difference.of(file.numbers(tensor), i -> actual[i]);
    boolean ok = d.relL2() <= allowed && d.maxAbs() <= allowedMax;
    add(new ParityRow(name, shape, d.relL2(), d.maxAbs(), allowed, ok, d.note()));
  }

  /** Compares whole numbers, which must be equal. */
  void equal(ParityFile file, String tensor, Shape shape, int[] actual) {
    equal(file, tensor, file.row(tensor), shape, actual);
  }

  /** As {@link #equal(ParityFile, String, Shape, int[])}, in a row of another name. */
  void equal(ParityFile file, String tensor, String name, Shape shape, int[] actual) {
    if (present(file, tensor, name, 0) && sameShape(file, tensor, name, shape, 0)) {
      int[] expected = file.ints(tensor);
      var d = Difference.of(expected.length, i -> expected[i], i -> actual[i]);
      add(new ParityRow(name, shape, d.relL2(), d.maxAbs(), 0, d.maxAbs() == 0, ""));
    }
  }

  /** Compares pictures of 0 to 255, which must be equal. */
  void equalPicture(ParityFile file, String tensor, Shape shape, byte[] actual) {
    var name = file.row(tensor);
    if (present(file, tensor, name, 0) && sameShape(file, tensor, name, shape, 0)) {
      var d = levels(file.bytes(tensor), actual);
      add(new ParityRow(name, shape, d.relL2(), d.maxAbs(), 0, d.maxAbs() == 0, ""));
    }
  }

  /**
   * Compares pictures of 0 to 255 by their signal to noise ratio. What is allowed is stated as the
   * relative L2 error that the least ratio amounts to for this picture.
   */
  void picture(
      ParityFile file, String tensor, String name, Shape shape, byte[] actual, double leastDb) {
    if (!present(file, tensor, name, 0) || !sameShape(file, tensor, name, shape, 0)) {
      return;
    }
    byte[] expected = file.bytes(tensor);
    var d = levels(expected, actual);
    double noise = 255 * Math.pow(10, -leastDb / 20);
    double allowed = noise * Math.sqrt(expected.length) / d.norm();
    double psnr = 20 * Math.log10(255 * Math.sqrt(expected.length) / d.error());
    add(
        new ParityRow(
            name,
            shape,
            d.relL2(),
            d.maxAbs(),
            allowed,
            psnr >= leastDb,
            d.error() == 0 ? "equal" : String.format(Locale.ROOT, "%.1f dB", psnr)));
  }

  private static Difference levels(byte[] expected, byte[] actual) {
    return Difference.of(expected.length, i -> expected[i] & 0xff, i -> actual[i] & 0xff);
  }

  private boolean present(ParityFile file, String tensor, String name, double allowed) {
    boolean there = file.has(tensor);
    if (!there) {
      fail(file, tensor, name, allowed, "missing from " + file.fileName());
    }
    return there;
  }

  private boolean sameShape(
      ParityFile file, String tensor, String name, Shape shape, double allowed) {
    var recorded = file.shape(tensor);
    if (recorded.equals(shape)) {
      return true;
    }
    fail(file, tensor, name, allowed, "expected shape " + recorded + ", got " + shape);
    return false;
  }

  private void add(ParityRow row) {
    compared++;
    if (!row.ok()) {
      failed++;
    }
    sink.accept(row);
  }

  /** Elements of one of two tensors. */
  @FunctionalInterface
  private interface Elements {
    double at(int i);
  }

  /** How far two tensors of one size are apart; NaN anywhere makes every measure NaN. */
  private record Difference(double norm, double error, double maxAbs) {
    static Difference of(double[] expected, Elements actual) {
      return of(expected.length, i -> expected[i], actual);
    }

    static Difference of(int size, Elements expected, Elements actual) {
      double norm = 0;
      double error = 0;
      double max = 0;
      for (int i = 0; i < size; i++) {
        double e = expected.at(i);
        double d = actual.at(i) - e;
        norm += e * e;
        error += d * d;
        // Unlike a comparison, this keeps NaN.
        max = Math.max(max, Math.abs(d));
      }
      return new Difference(Math.sqrt(norm), Math.sqrt(error), max);
    }

    double relL2() {
      return error == 0 ? 0 : error / norm;
    }

    String note() {
      return Double.isNaN(error) ? "NaN" : "";
    }
  }
}
