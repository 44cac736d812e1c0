package org.drag4j.kernels.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.drag4j.graph.Op;

/**
 * Runs the inner kernels on tiny operands until each is as fast as it should be. That is their
 * warm-up, done while weights are loaded; and where one never gets there, the just-in-time compiler
 * has made slow code of it (boxed vectors are a hundred times slower), which is worth a warning.
 *
 * <p>The measure is the processor itself: how long one multiplication of vectors takes in a loop of
 * nothing else.
 */
final class SelfTest {
  /** A kernel this many times slower than expected is not what was measured when it was written. */
  private static final int TOLERANCE = 4;

  /** By then the compiler has been through with a kernel, on a busy machine too. */
  private static final long PATIENCE_NANOS = 1_500_000_000;

  private static final long BATCH_NANOS = 200_000;

  /** A multiplication slower than this is not compiled yet, on any processor with vectors. */
  private static final double COMPILED_NANOS = 2;

  private static final int BATCHES = 20;
  private static final VectorSpecies<Float> SPECIES = Lanes.floats();
  private static final int LANES = SPECIES.length();
  private static final int ROWS = 48;
  private static final int LENGTH = 256;

  /**
   * @param vectors multiplications of vectors it should cost no more than
   */
  private record Probe(String kernel, long vectors, Runnable once) {}

  private SelfTest() {}

  /**
   * Runs every kernel.
   *
   * @return a line for each that is too slow
   * @throws CancellationException where the thread is interrupted
   */
  static List<String> run(Gemm gemm, RowMath math) {
    var warnings = new ArrayList<String>();
    var multiplication = new Probe("multiplication", 12 * LENGTH, SelfTest::multiply);
    double unit = nanos(multiplication, COMPILED_NANOS);
    for (int i = 0; i < BATCHES; i++) {
      unit = Math.min(unit, batch(multiplication));
    }
    for (var probe : probes(gemm, math)) {
      slow(probe, unit).ifPresent(warnings::add);
    }
    return List.copyOf(warnings);
  }

  private static Optional<String> slow(Probe probe, double unit) {
    double ratio = nanos(probe, TOLERANCE * unit) / unit;
    return ratio <= TOLERANCE
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "cpu: %s runs %.0f times slower than expected: the just-in-time compiler did badly"
                    + " this time; start again, or try --cpu-vector",
                probe.kernel(),
                ratio));
  }

  /** Least time a probe takes for what should be one multiplication, once that is enough. */
  private static double nanos(Probe probe, double enough) {
    double least = Double.MAX_VALUE;
    long begin = System.nanoTime();
    while (least > enough && System.nanoTime() - begin < PATIENCE_NANOS) {
      if (Thread.currentThread().isInterrupted()) {
        throw new CancellationException("self-test");
      }
      least = Math.min(least, batch(probe));
    }
    return least;
  }

  private static double batch(Probe probe) {
    long start = System.nanoTime();
    long end = start;
    int runs = 0;
    while (end - start < BATCH_NANOS) {
      probe.once().run();
      runs++;
      end = System.nanoTime();
    }
    return (double) (end - start) / runs / probe.vectors();
  }

  private static List<Probe> probes(Gemm gemm, RowMath math) {
    var probes = new ArrayList<Probe>();
    product(probes, gemm);
    if (gemm.narrow().panelWidth() < gemm.panelWidth()) {
      product(probes, gemm.narrow());
    }
    transforms(probes, new Winograd2(), 200, 230, 200);
    transforms(probes, new Winograd4(), 730, 340, 380);
    int count = ROWS * LENGTH;
    var x = numbers(2 * count);
    var y = new float[2 * count];
    probes.add(new Probe("geglu", 40L * count / LANES, () -> math.geglu(x, 0, count, y, 0, count)));
    var factors = numbers(3 * LENGTH);
    var silu = Optional.of(Op.UnaryFn.SILU);
    probes.add(
        new Probe(
            "group_norm_silu",
            40L * count / LANES,
            () -> math.normalizeColumns(silu, x, 0, ROWS, LENGTH, factors, 0, y, 0)));
    var halves = new short[count];
    probes.add(
        new Probe("widen_half", 20L * count / LANES, () -> math.widenHalf(halves, 0, y, 0, count)));
    var state = new float[4 * gemm.panelWidth()];
    probes.add(
        new Probe(
            "softmax",
            (25L * ROWS + 100) * gemm.panelWidth() / LANES,
            () -> math.softmax(y, 0, ROWS, gemm.panelWidth(), state, 0)));
    return probes;
  }

  private static void product(List<Probe> probes, Gemm gemm) {
    int width = gemm.panelWidth();
    var a = numbers(ROWS * LENGTH);
    var b = numbers(LENGTH * width);
    var c = new float[ROWS * width];
    var rows = new int[ROWS];
    for (int i = 0; i < ROWS; i++) {
      rows[i] = i * LENGTH;
    }
    probes.add(
        new Probe(
            "product " + Operands.tile(gemm),
            (long) ROWS * LENGTH * width / LANES,
            () -> gemm.panel(a, rows, 0, ROWS, 0, b, 0, LENGTH, c, 0, width, c, 0, width)));
  }

  private static void transforms(
      List<Probe> probes, Winograd winograd, int input, int weight, int output) {
    int points = winograd.points();
    var from = numbers(points * LANES);
    var to = new float[points * LANES];
    var scratch = new float[winograd.scratch()];
    int row = winograd.side() * LANES;
    var name = "winograd_f" + winograd.outputs();
    probes.add(
        new Probe(
            name + " input",
            input,
            () -> winograd.input(from, 0, row, LANES, to, 0, LANES, scratch, 0)));
    probes.add(
        new Probe(
            name + " weight",
            weight,
            () -> winograd.weight(from, 0, LANES, to, 0, LANES, scratch, 0)));
    probes.add(
        new Probe(
            name + " output",
            output,
            () -> winograd.output(from, 0, LANES, to, 0, row, LANES, scratch, 0)));
  }

  private static float[] numbers(int count) {
    var x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (i * 37 % 64 - 32) / 32f;
    }
    return x;
  }

  private static final float[] SINK = new float[LANES];

  /** Twelve sums, none of which waits for another. */
  private static void multiply() {
    var x = FloatVector.broadcast(SPECIES, 0.5f);
    var a = FloatVector.broadcast(SPECIES, 1);
    var b = a;
    var c = a;
    var d = a;
    var e = a;
    var f = a;
    var g = a;
    var h = a;
    var i = a;
    var j = a;
    var k = a;
    var l = a;
    for (int n = 0; n < LENGTH; n++) {
      a = x.fma(a, x);
      b = x.fma(b, x);
      c = x.fma(c, x);
      d = x.fma(d, x);
      e = x.fma(e, x);
      f = x.fma(f, x);
      g = x.fma(g, x);
      h = x.fma(h, x);
      i = x.fma(i, x);
      j = x.fma(j, x);
      k = x.fma(k, x);
      l = x.fma(l, x);
    }
    a.add(b)
        .add(c)
        .add(d)
        .add(e)
        .add(f)
        .add(g)
        .add(h)
        .add(i)
        .add(j)
        .add(k)
        .add(l)
        .intoArray(SINK, 0);
  }
}
