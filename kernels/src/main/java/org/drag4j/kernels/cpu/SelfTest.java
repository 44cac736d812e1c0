package org.drag4j.kernels.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.drag4j.graph.Op;

/**
 * Runs the inner kernels on tiny operands until each is as fast as it should be. That is their
 * warm-up, done while pictures are read and weights are loaded: a kernel that is not compiled yet
 * boxes its vectors, which is a hundred times slower. And where one never gets there, the
 * just-in-time compiler has made slow code of it, which is worth a warning.
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

  /** A kernel slower than this per multiplication is not compiled yet, on any processor. */
  private static final double COMPILED_NANOS = 2;

  private static final int BATCHES = 20;

  /** Rows of a tile that follows one of six. */
  private static final int[] BESIDE = {4, 1, 2};

  /** Sums that keep the processor busy: two a cycle, each of which takes four. */
  private static final int IN_FLIGHT = 8;

  /** Long enough to vectorise; a call before compilation takes 1 us instead of 1 ns. */
  private static final int LENGTH = 16;

  private static final int COUNT = 4 * VectorPeak.MAX_LANES;

  private static final AtomicBoolean WARMED_UP = new AtomicBoolean();
  private static final AtomicBoolean BEGUN = new AtomicBoolean();
  private static volatile List<String> warnings = List.of();

  /**
   * One kernel on one set of operands.
   *
   * @param vectors multiplications of vectors it should cost no more than
   */
  record Probe(String kernel, long vectors, Runnable once) {}

  private SelfTest() {}

  /**
   * Begins, in the background, to run the kernels that every network needs until they are compiled;
   * once in a process, as they are the same for all devices.
   *
   * @param threads how many cores may be taken
   */
  static void warmUp(int threads) {
    if (!WARMED_UP.compareAndSet(false, true)) {
      return;
    }
    if (threads == 1) {
      start(() -> warmUp(Stream.concat(products(VectorGemm.create()), math(new VectorRowMath()))));
    } else {
      start(() -> warmUp(products(VectorGemm.create())));
      start(() -> warmUp(math(new VectorRowMath())));
    }
  }

  private static void warmUp(Stream<Probe> probes) {
    probes.forEach(probe -> nanos(probe, COMPILED_NANOS));
  }

  /** Begins to test all kernels in the background; once in a process. */
  static void begin() {
    if (BEGUN.compareAndSet(false, true)) {
      start(() -> {
        warnings = run(all());
      });
    }
  }

  /** Every kernel there is. */
  static Stream<Probe> all() {
    return Stream.of(
            products(VectorGemm.create()),
            transforms(new Winograd2(), 200, 230, 200),
            math(new VectorRowMath()))
        .flatMap(probes -> probes);
  }

  private static void start(Runnable work) {
    Thread.ofPlatform().daemon().name("drag4j-cpu-self-test").start(work);
  }

  /** A line for each kernel that was found too slow; none until the test is over. */
  static List<String> warnings() {
    return warnings;
  }

  /**
   * Runs every probe.
   *
   * @return a line for each that is too slow
   */
  static List<String> run(Stream<Probe> probes) {
    double unit = unit();
    return probes.flatMap(probe -> slow(probe, unit).stream()).toList();
  }

  private static double unit() {
    var multiplication = VectorPeak.probe();
    double least = nanos(multiplication, COMPILED_NANOS);
    for (int i = 0; i < BATCHES; i++) {
      least = Math.min(least, batch(multiplication));
    }
    return least;
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

  /** Products and what goes before and after them in a convolution. */
  static Stream<Probe> products(Gemm gemm) {
    var narrow = Stream.of(gemm.narrow()).filter(g -> g.panelWidth() < gemm.panelWidth());
    return Stream.of(
            Arrays.stream(BESIDE).mapToObj(rows -> product(gemm, rows)),
            transforms(new Winograd4(), 730, 340, 380),
            narrow.flatMap(g -> Arrays.stream(BESIDE).mapToObj(rows -> product(g, rows))))
        .flatMap(probes -> probes);
  }

  private static Probe product(Gemm gemm, int beside) {
    int count = 6 + beside;
    int width = gemm.panelWidth();
    var a = numbers(count * LENGTH);
    var b = numbers(LENGTH * width);
    var c = new float[count * width];
    var rows = new int[count];
    Arrays.setAll(rows, i -> i * LENGTH);
    return new Probe(
        "product " + Operands.tile(gemm) + " of " + count + " rows",
        LENGTH * (sums(6, width) + sums(beside, width)),
        () -> gemm.panel(a, rows, 0, count, 0, b, 0, LENGTH, c, 0, width, c, 0, width));
  }

  private static long sums(int rows, int width) {
    return Math.max(IN_FLIGHT, (long) rows * width / VectorPeak.LANES);
  }

  private static Stream<Probe> transforms(Winograd winograd, int input, int weight, int output) {
    int lanes = VectorPeak.LANES;
    int points = winograd.points();
    var from = numbers(points * lanes);
    var to = new float[points * lanes];
    var scratch = new float[winograd.scratch()];
    int row = winograd.side() * lanes;
    var name = "winograd_f" + winograd.outputs();
    return Stream.of(
        new Probe(
            name + " input",
            input,
            () -> winograd.input(from, 0, row, lanes, to, 0, lanes, scratch, 0)),
        new Probe(
            name + " weight",
            weight,
            () -> winograd.weight(from, 0, lanes, to, 0, lanes, scratch, 0)),
        new Probe(
            name + " output",
            output,
            () -> winograd.output(from, 0, lanes, to, 0, row, lanes, scratch, 0)));
  }

  /** Arithmetic on rows, in about the order in which an edit needs it. */
  static Stream<Probe> math(RowMath math) {
    int vectors = COUNT / VectorPeak.LANES;
    var x = numbers(2 * COUNT);
    var y = new float[2 * COUNT];
    var halves = new short[COUNT];
    var lanes = new float[VectorPeak.MAX_LANES];
    var factors = numbers(3 * LENGTH);
    var probes = new ArrayList<Probe>();
    add(probes, "finite", 20L * vectors, () -> math.allFinite(halves, 0, COUNT));
    add(probes, "widen_half", 20L * vectors, () -> math.widenHalf(halves, 0, y, 0, COUNT));
    add(probes, "sum", 20L * vectors, () -> math.sum(x, 0, COUNT, 1, lanes));
    add(probes, "squares", 20L * vectors, () -> math.squares(x, 0, COUNT, 1, lanes));
    add(
        probes,
        "layer_norm",
        20L * vectors,
        () -> math.normalizeRow(x, 0, COUNT, 1, 2, 0, x, 0, x, 0, y, 0));
    // All functions together: what is compiled for the first would be compiled again for the next.
    var binary = Op.BinaryFn.values();
    add(
        probes,
        "binary",
        20L * vectors * binary.length,
        () -> {
          for (var fn : binary) {
            math.binary(fn, x, 0, x, COUNT, y, 0, COUNT);
            math.binary(fn, x, 0, 2, y, 0, COUNT);
          }
        });
    int width = 4 * VectorPeak.LANES;
    var scores = new float[LENGTH * width];
    var state = new float[4 * width];
    add(
        probes,
        "softmax",
        (25L * LENGTH + 100) * 4,
        () -> math.softmax(scores, 0, LENGTH, width, state, 0));
    var unary = Op.UnaryFn.values();
    add(
        probes,
        "unary",
        40L * vectors * unary.length,
        () -> {
          for (var fn : unary) {
            math.unary(fn, x, 0, y, 0, COUNT);
          }
        });
    var silu = Optional.of(Op.UnaryFn.SILU);
    int rows = COUNT / LENGTH;
    var sums = new float[2 * LENGTH];
    add(probes, "moments", 20L * vectors, () -> math.moments(x, 0, rows, LENGTH, sums));
    add(
        probes,
        "group_norm_silu",
        60L * vectors,
        () -> math.normalizeColumns(silu, x, 0, rows, LENGTH, factors, 0, y, 0));
    add(
        probes,
        "group_norm",
        20L * vectors,
        () -> math.normalizeColumns(Optional.empty(), x, 0, rows, LENGTH, factors, 0, y, 0));
    add(probes, "geglu", 60L * vectors, () -> math.geglu(x, 0, COUNT, y, 0, COUNT));
    return probes.stream();
  }

  private static void add(List<Probe> probes, String kernel, long vectors, Runnable once) {
    probes.add(new Probe(kernel, vectors, once));
  }

  private static float[] numbers(int count) {
    var x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (i * 37 % 64 - 32) / 32f;
    }
    return x;
  }
}
