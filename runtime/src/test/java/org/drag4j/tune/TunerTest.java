package org.drag4j.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.device.Bindings;
import org.drag4j.device.Candidate;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Launch;
import org.drag4j.device.NullBackend;
import org.drag4j.device.Tuned;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightSource;
import org.junit.jupiter.api.Test;

/** What a tuner concludes from times, which here a device without a processor makes up. */
class TunerTest {
  private static final long SECOND = 1_000_000_000;
  private static final Tuner.Watcher NOBODY = (_, _, _) -> {};

  /** A clock, and a device whose kernels advance it. */
  private static final class Device implements Backend {
    private final NullBackend nothing = new NullBackend();
    private final Map<String, Long> nanos = new LinkedHashMap<>();
    private final Map<String, Integer> runs = new TreeMap<>();
    private long now;

    Device with(String variant, long time) {
      nanos.put(variant, time);
      return this;
    }

    @Override
    public String device() {
      return "null";
    }

    @Override
    public DeviceMemory allocate(long bytes, String purpose) {
      return nothing.allocate(bytes, purpose);
    }

    @Override
    public DeviceWeights weights(WeightSource source) {
      return nothing.weights(source);
    }

    @Override
    public Stream<Candidate> candidates(Value node, KernelOptions options) {
      var all = new LinkedHashMap<String, Kernel>();
      nanos.keySet().forEach(v -> all.put(v, kernel(node, v)));
      return options.order(node, all);
    }

    private Kernel kernel(Value node, String v) {
      return new Kernel() {
        @Override
        public String name() {
          return v;
        }

        @Override
        public Launch bind(Bindings at) {
          return () -> {
            now += nanos.getOrDefault(v, 0L);
            runs.merge(node.shape() + v, 1, Integer::sum);
          };
        }
      };
    }

    @Override
    public Map<String, List<String>> kernels() {
      return Map.of("linear", List.copyOf(nanos.keySet()));
    }

    @Override
    public void synchronize() {}

    @Override
    public void close() {}

    private Tuner tuner() {
      return new Tuner(this, () -> now, () -> false, 1);
    }

    private List<Tuner.Row> run(long seconds, int... rows) {
      return tuner()
          .run(tuner().shapes(network(rows), KernelOptions.DEFAULT), seconds * SECOND, NOBODY);
    }
  }

  /** Linear layers of so many rows, each followed by something too small to be measured. */
  private static Map<Graph, WeightSource> network(int... rows) {
    var g = new Graph(Hook.NONE);
    var w = g.weight(Param.of("w", Shape.of(8, 16)));
    for (int i = 0; i < rows.length; i++) {
      var x = g.input("x" + i, Shape.of(rows[i], 16), DType.F32);
      g.node(new Op.Linear(false), "layer", x, w).silu().output("y" + i);
    }
    return Map.of(g, new Weights());
  }

  private record Weights() implements WeightSource {
    @Override
    public String origin() {
      return "test";
    }

    @Override
    public Set<String> names() {
      return Set.of("w");
    }

    @Override
    public Optional<Entry> entry(String name) {
      return Optional.of(new Entry(Shape.of(8, 16), DType.F16));
    }

    @Override
    public MemorySegment bytes(String name, Arena arena) {
      throw new AssertionError("no real weights are read");
    }
  }

  @Test
  void theFastestIsChosenAndTheOthersFollow() {
    var device = new Device().with("own", 300).with("slow", 400).with("fast", 200);
    var rows = device.run(60, 5);
    assertEquals("fast", rows.getFirst().chosen());
    assertEquals("own", rows.getFirst().own());
    assertEquals(
        Map.of("linear/5x16/8x16", List.of("fast", "own", "slow")), Tuner.tuned(rows).rankings());
    assertEquals(
        List.of(200L, 300L, 400L),
        rows.getFirst().times().stream().map(Tuner.Time::nanos).toList());
  }

  @Test
  void aHundredthIsNoReasonToLeaveTheCostModel() {
    assertEquals(
        "own", new Device().with("own", 1000).with("other", 990).run(60, 5).getFirst().chosen());
    assertEquals(
        "other", new Device().with("own", 1000).with("other", 970).run(60, 5).getFirst().chosen());
  }

  @Test
  void shapesAreMeasuredOnceHoweverOftenTheyOccur() {
    var device = new Device().with("own", 2).with("other", 1);
    var shapes = device.tuner().shapes(network(5, 7, 5), KernelOptions.DEFAULT);
    assertEquals(2, shapes.size());
    assertEquals(
        Map.of("linear/5x16/8x16", 2, "linear/7x16/8x16", 1),
        Map.of(
            shapes.get(0).key(),
            shapes.get(0).calls(),
            shapes.get(1).key(),
            shapes.get(1).calls()));
    // What the user leaves out is not measured, and where there is no choice there is nothing to.
    var left = Map.of("linear", List.of("third", "other"));
    var fewer =
        device
            .with("third", 3)
            .tuner()
            .shapes(network(5), new KernelOptions(false, left, Tuned.NONE));
    assertEquals(List.of("third", "other"), fewer.getFirst().candidates());
    assertTrue(
        new Device().with("own", 2).tuner().shapes(network(5), KernelOptions.DEFAULT).isEmpty());
  }

  @Test
  void whatTakesLongestComesBeforeTimeIsOver() {
    // The smallest first, to see what is hopeless; then the largest. A shape takes at least two
    // timed runs of both variants, and one before.
    var device = new Device().with("own", 500_000_000).with("other", 400_000_000);
    var rows = device.run(9, 5, 6, 100, 50, 7);
    assertEquals(
        List.of("linear/5x16/8x16", "linear/100x16/8x16"),
        rows.subList(0, 2).stream().map(r -> r.shape().key()).toList());
    assertTrue(rows.size() < 5, "time was over: " + rows.size());
    assertTrue(device.now <= 10 * SECOND, "took " + device.now);
  }

  @Test
  void whatIsHopelessTwiceIsNotTriedAgain() {
    var device = new Device().with("own", 1000).with("bad", 100_000);
    var rows = device.run(3600, 5, 6, 7);
    assertEquals(3, rows.size());
    int on7 = device.runs.getOrDefault(Shape.of(7, 8) + "bad", 0);
    int on6 = device.runs.getOrDefault(Shape.of(6, 8) + "bad", 0);
    assertEquals(1, Math.min(on6, on7) == 0 ? 1 : 0, "bad ran on " + on6 + " and " + on7);
    assertTrue(Math.max(on6, on7) <= 2, "once before, once timed");
    assertEquals(
        2, Tuner.tuned(rows).rankings().values().stream().filter(r -> r.contains("bad")).count());
  }

  @Test
  void whoCancelsKeepsWhatWasMeasured() {
    var device = new Device().with("own", 2).with("other", 1);
    var measured = new ArrayList<Tuner.Row>();
    var tuner = new Tuner(device, () -> device.now, () -> measured.size() == 2, 1);
    var rows =
        tuner.run(
            tuner.shapes(network(5, 6, 7, 8), KernelOptions.DEFAULT),
            SECOND,
            (row, _, _) -> measured.add(row));
    assertEquals(2, rows.size());
    assertEquals(measured, rows);
  }

  @Test
  void keysTellShapesApartButNotWhatIsFused() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(1, 8, 8, 4), DType.F32);
    var w = g.weight(Param.filter("w", 6, 3, 3, 4));
    var plain = g.node(new Op.Conv2d(1, 1, 1, false), "conv", x, w);
    assertEquals("conv2d/1x8x8x4/6x3x3x4/s1/p1-1", Tuned.key(plain));
    var fused =
        g.node(new Op.Fused(plain.op(), List.of(new Op.Unary(Op.UnaryFn.SILU))), "conv", x, w);
    assertEquals(Tuned.key(plain), Tuned.key(fused));
    var strided = g.node(new Op.Conv2d(2, 0, 1, false), "conv", x, w);
    assertEquals("conv2d/1x8x8x4/6x3x3x4/s2/p0-1", Tuned.key(strided));
    var q = g.input("q", Shape.of(1, 8, 4), DType.F32);
    var causal = g.node(new Op.Attention(2, true), "a", q, q, q);
    assertEquals("attention/1x8x4/1x8x4/1x8x4/h2/causal", Tuned.key(causal));
  }
}
