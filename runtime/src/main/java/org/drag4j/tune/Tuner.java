package org.drag4j.tune;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.drag4j.device.Backend;
import org.drag4j.device.Candidate;
import org.drag4j.device.DeviceMemoryException;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Tuned;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Value;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.reference.CaseGraph;
import org.drag4j.reference.CompiledCase;
import org.drag4j.tensor.WeightSource;
import org.drag4j.trace.Trace;

/**
 * Times a device's candidates in turns, shape by shape, each run with cold caches, as within a
 * network.
 */
public final class Tuner {
  /** The device's own choice stays unless another takes at most this share of its time. */
  private static final double WORTH = 0.98;

  /** A candidate that takes this many times as long as the fastest is not run again. */
  private static final int HOPELESS = 3;

  /** A candidate that was hopeless for this many shapes is not tried with others. */
  private static final int STRIKES = 2;

  /** Below this many operations for each element of the result memory decides a node's time. */
  private static final int LEAST_WORK = 32;

  /** Operations are measured without fusions. */
  private static final PlanOptions APART = new PlanOptions(KernelOptions.DEFAULT, Set.of("all"));

  /** Timed runs of a candidate: at least, where time allows, and at most. */
  private static final int LEAST_RUNS = 2;

  private static final int MOST_RUNS = 9;

  /** Warm-up before an operation's first shape is timed: JIT compilers need it. */
  private static final long WARM_UP_NANOS = 3_000_000_000L;

  private static final int WARM_UP_ROUNDS = 2000;

  /** Larger than the last-level cache of most processors. */
  private static final int OTHER_FLOATS = 16 << 20;

  private final Backend backend;
  private final LongSupplier clock;
  private final BooleanSupplier cancelled;
  private final float[] other;
  private final Map<String, Map<String, Integer>> strikes = new HashMap<>();

  /**
   * An operation of networks at one shape.
   *
   * @param node one of the nodes of this shape
   * @param weights of that node's network
   * @param calls number of nodes of this shape
   * @param candidates by name, the device's own choice first; at least two
   */
  public record Shape(
      String key, Value node, WeightSource weights, int calls, List<String> candidates) {
    private Shape again() {
      return new Shape(key, node, weights, calls + 1, candidates);
    }

    private double work() {
      return (double) node.cost().flops() * calls;
    }
  }

  /** Least time of a candidate; {@code nanos} is -1 where it was not run. */
  public record Time(String candidate, String kernel, long nanos) {}

  /**
   * Measurements of a shape.
   *
   * @param own the device's own choice
   * @param times of all candidates, the fastest first
   */
  public record Row(Shape shape, String own, List<Time> times) {
    /** The candidate to take from now on. */
    public String chosen() {
      return times.getFirst().candidate();
    }
  }

  /** Hears of every measured shape. */
  @FunctionalInterface
  public interface Watcher {
    void measured(Row row, int done, int of);
  }

  /**
   * A tuner of an open device.
   *
   * @param clock of nanoseconds
   * @param cancelled asked between runs
   */
  public Tuner(Backend backend, LongSupplier clock, BooleanSupplier cancelled) {
    this(backend, clock, cancelled, OTHER_FLOATS);
  }

  Tuner(Backend backend, LongSupplier clock, BooleanSupplier cancelled, int otherFloats) {
    this.backend = backend;
    this.clock = clock;
    this.cancelled = cancelled;
    other = new float[otherFloats];
  }

  /**
   * The shapes of networks for which there are several candidates.
   *
   * @param networks weights by graph
   * @param options may leave out candidates
   */
  public List<Shape> shapes(Map<Graph, WeightSource> networks, KernelOptions options) {
    var shapes = new LinkedHashMap<String, Shape>();
    networks.forEach((graph, weights) -> {
      for (var node : Plan.nodes(graph, backend, APART)) {
        if (node.cost().flops() < LEAST_WORK * node.shape().size()) {
          continue;
        }
        var known = shapes.get(Tuned.key(node));
        if (known != null) {
          shapes.put(known.key(), known.again());
          continue;
        }
        var candidates = backend.candidates(node, options).map(Candidate::name).toList();
        if (candidates.size() > 1) {
          shapes.put(Tuned.key(node), new Shape(Tuned.key(node), node, weights, 1, candidates));
        }
      }
    });
    return List.copyOf(shapes.values());
  }

  /**
   * Measures until all shapes are done, the time is up or the user cancels, and returns the rows
   * that are finished by then.
   *
   * @param nanos time limit; a run in progress at its end is finished
   */
  public List<Row> run(List<Shape> shapes, long nanos, Watcher watcher) {
    var rows = new ArrayList<Row>();
    var warm = new HashSet<String>();
    long end = clock.getAsLong() + nanos;
    var order = ordered(shapes);
    for (int i = 0; i < order.size(); i++) {
      long left = end - clock.getAsLong();
      if (left <= 0 || cancelled.getAsBoolean()) {
        break;
      }
      var shape = order.get(i);
      boolean first = warm.add(shape.node().op().label());
      var row =
          measure(shape, first ? Math.min(WARM_UP_NANOS, left / 4) : 0, end, order.size() - i);
      if (row.isPresent()) {
        rows.add(row.get());
        watcher.measured(row.get(), i + 1, order.size());
      }
    }
    return List.copyOf(rows);
  }

  /** Candidates by speed, as they are recorded. */
  public static Tuned tuned(List<Row> rows) {
    var rankings = new HashMap<String, List<String>>();
    for (var row : rows) {
      rankings.put(
          row.shape().key(),
          row.times().stream().filter(t -> t.nanos() >= 0).map(Time::candidate).toList());
    }
    return new Tuned(rankings);
  }

  /**
   * Of each operation first the smallest shape with most candidates, which shows which are
   * hopeless; then what takes longest in the networks, in case time runs out.
   */
  private static List<Shape> ordered(List<Shape> shapes) {
    var order = new ArrayList<Shape>();
    shapes.stream()
        .sorted(
            Comparator.comparingInt((Shape s) -> -s.candidates().size())
                .thenComparingLong(s -> s.node().cost().flops()))
        .forEach(s -> {
          if (order.stream().noneMatch(o -> o.node().op().label().equals(s.node().op().label()))) {
            order.add(s);
          }
        });
    Set<Shape> first = Set.copyOf(order);
    shapes.stream()
        .filter(s -> !first.contains(s))
        .sorted(Comparator.comparingDouble(s -> -s.work()))
        .forEach(order::add);
    return order;
  }

  private Map<String, Integer> strikes(Shape shape) {
    return strikes.computeIfAbsent(shape.node().op().label(), _ -> new HashMap<>());
  }

  /**
   * Empty where the user cancelled, or time was over, before every candidate had a timed run, or
   * where the device has not enough memory.
   */
  private Optional<Row> measure(Shape shape, long warmUp, long end, int left) {
    var candidates =
        shape.candidates().stream()
            .filter(v -> strikes(shape).getOrDefault(v, 0) < STRIKES)
            .toList();
    try (var bench = compiled(shape, candidates)) {
      long began = clock.getAsLong();
      int rounds = 0;
      do {
        for (int v = 0; v < candidates.size(); v++) {
          if (cancelled.getAsBoolean()) {
            return Optional.empty();
          }
          bench.run(v, Trace.OFF);
        }
        rounds++;
      } while (rounds < WARM_UP_ROUNDS && clock.getAsLong() - began < warmUp);
      long now = clock.getAsLong();
      long until = now + Math.max(0, end - now) / left;
      var best = new long[candidates.size()];
      Arrays.fill(best, Long.MAX_VALUE);
      for (int run = 0; run < MOST_RUNS && (run < LEAST_RUNS || clock.getAsLong() < until); run++) {
        long least = Arrays.stream(best).min().orElseThrow();
        for (int v = 0; v < candidates.size(); v++) {
          if (run > 0 && best[v] / HOPELESS > least) {
            continue;
          }
          if (cancelled.getAsBoolean() || (run == 0 && clock.getAsLong() > end)) {
            return run == 0 ? Optional.empty() : Optional.of(row(shape, bench, candidates, best));
          }
          best[v] = Math.min(best[v], timed(bench, v));
        }
      }
      return Optional.of(row(shape, bench, candidates, best));
    } catch (DeviceMemoryException _) {
      return Optional.empty();
    }
  }

  private CompiledCase compiled(Shape shape, List<String> candidates) {
    var label = shape.node().op().body().label();
    return CompiledCase.open(
        backend,
        CaseGraph.of(shape.node(), shape.weights()),
        candidates.stream()
            .map(name -> new KernelOptions(false, Map.of(label, name)))
            .map(PlanOptions::of)
            .toList());
  }

  private long timed(CompiledCase bench, int candidate) {
    for (int i = 0; i < other.length; i++) {
      other[i] += 1;
    }
    long start = clock.getAsLong();
    bench.run(candidate, Trace.OFF);
    return clock.getAsLong() - start;
  }

  private static String kernel(Plan plan) {
    return plan.steps().getLast().kernel().name();
  }

  private Row row(Shape shape, CompiledCase bench, List<String> candidates, long[] best) {
    long least = Arrays.stream(best).min().orElseThrow();
    var own = shape.candidates().getFirst();
    var times = new ArrayList<Time>();
    IntStream.range(0, best.length)
        .mapToObj(v -> new Time(candidates.get(v), kernel(bench.plan(v)), best[v]))
        .sorted(
            Comparator.comparingDouble(
                t -> t.candidate().equals(own) ? t.nanos() * WORTH : t.nanos()))
        .forEach(times::add);
    for (var time : times) {
      strikes(shape).merge(time.candidate(), time.nanos() / HOPELESS > least ? 1 : 0, Integer::sum);
    }
    for (var name : shape.candidates()) {
      if (!candidates.contains(name)) {
        times.add(new Time(name, "", -1));
      }
    }
    return new Row(shape, own, List.copyOf(times));
  }
}
