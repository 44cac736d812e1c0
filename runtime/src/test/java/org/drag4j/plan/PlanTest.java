package org.drag4j.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.NullBackend;
import org.drag4j.device.Slot;
import org.drag4j.device.UnsupportedOpException;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Port;
import org.drag4j.graph.Value;
import org.drag4j.layer.Identity;
import org.drag4j.layer.Layers;
import org.drag4j.layer.ResnetBlock2D;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.tensor.WeightSource;
import org.drag4j.trace.Trace;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

/** Compilation on devices that compute nothing. */
class PlanTest {
  private static final WeightSource NO_WEIGHTS =
      new WeightSource() {
        @Override
        public String origin() {
          return "nothing";
        }

        @Override
        public Set<String> names() {
          return Set.of();
        }

        @Override
        public Optional<Entry> entry(String name) {
          return Optional.empty();
        }

        @Override
        public MemorySegment bytes(String name, Arena arena) {
          throw new IllegalArgumentException(name);
        }
      };

  private static final PlanOptions PLAIN = new PlanOptions(KernelOptions.DEFAULT, Set.of("all"));

  @Test
  void stepsAreTheLiveNodesThatCompute() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(1, 4, 4, 8), DType.F32);
    var mid = x.silu().reshape(1, 16, 8).gelu().output("mid");
    mid.quickGelu().reshape(128);
    try (var plan = compile(g, new NullBackend(), PLAIN)) {
      assertEquals(
          List.of("unary_f32_null", "unary_f32_null"),
          plan.steps().stream().map(s -> s.kernel().name()).toList());
      assertEquals(Set.of("x", "mid"), plan.names());
      assertEquals(Shape.of(1, 16, 8), plan.tensor("mid").shape());
      plan.run(Trace.OFF);
    }
  }

  @Test
  void everyUnsupportedNodeIsListed() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(1, 4, 4, 8), DType.F32);
    Layers.linear("a.proj", 8, 8, true).forward(x.geglu().concat(x.geglu())).silu().output("y");
    var backend = new RecordingBackend(op -> op instanceof Op.Concat, 0);
    var e = assertThrows(UnsupportedOpException.class, () -> compile(g, backend, PLAIN));
    var message = String.valueOf(e.getMessage());
    assertEquals(5, message.lines().count(), message);
    assertTrue(message.startsWith("null has no kernel for:"), message);
    assertEquals(2, message.lines().filter(l -> l.contains("x: Geglu")).count(), message);
    assertTrue(message.contains("a.proj: Linear[bias=true]"), message);
    assertTrue(message.contains("a.proj: Unary[fn=SILU]"), message);
  }

  @Test
  void fusionSavesTheStepsItShould() {
    assertEquals(List.of("group_norm", "conv2d", "group_norm", "conv2d"), resnetSteps(Set.of()));
    assertEquals(
        List.of("group_norm", "unary", "conv2d", "group_norm", "unary", "conv2d"),
        resnetSteps(Set.of(Fusion.GROUP_NORM_ACTIVATION.label())));
    assertEquals(
        List.of("group_norm", "conv2d", "binary", "group_norm", "conv2d", "binary"),
        resnetSteps(Set.of(Fusion.CONV2D_EPILOGUE.label())));
    assertEquals(8, resnetSteps(Set.of("all")).size());
  }

  @Test
  void aGateIsFusedToItsLinearLayerAndCostsAsMuch() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(2, 5, 12), DType.F32);
    Layers.linear("proj", 12, 32, true).forward(x).geglu().output("y");
    long product = 2L * 2 * 5 * 12 * 32;
    long gate = 8L * 2 * 5 * 16;
    for (boolean plain : new boolean[] {false, true}) {
      try (var plan = compile(g, new NullBackend(), plain ? PLAIN : PlanOptions.DEFAULT)) {
        assertEquals(plain ? 2 : 1, plan.steps().size());
        assertEquals(Shape.of(2, 5, 16), plan.tensor("y").shape());
        assertEquals(product + gate, plan.cost().flops());
      }
    }
  }

  @Test
  void aDeviceWithoutFusedKernelsRunsThePlainForm() {
    var g = resnet();
    var backend = new RecordingBackend(op -> !(op instanceof Op.Fused), 0);
    try (var plan = compile(g, backend, PlanOptions.DEFAULT)) {
      assertEquals(8, plan.steps().size());
    }
  }

  @Test
  void valuesThatOthersNeedAreNotFusedAway() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(1, 3, 8), DType.F32);
    var seen = Layers.linear("seen", 8, 8, true).forward(x).output("seen");
    seen.silu().output("a");
    var twice = Layers.linear("twice", 8, 8, true).forward(x);
    twice.silu().plus(twice).output("b");
    var small =
        Layers.linear("small", 8, 8, true).forward(g.input("s", Shape.of(1, 1, 8), DType.F32));
    x.plus(small).output("c");
    try (var plan = compile(g, new NullBackend(), PlanOptions.DEFAULT)) {
      assertTrue(plan.steps().stream().noneMatch(s -> s.node().op() instanceof Op.Fused));
      assertEquals(7, plan.steps().size());
    }
  }

  @Test
  void fusionKeepsTheCost() {
    var g = resnet();
    try (var fused = compile(g, new NullBackend(), PlanOptions.DEFAULT);
        var plain = compile(g, new NullBackend(), PLAIN)) {
      assertEquals(plain.cost().flops(), fused.cost().flops());
      assertTrue(fused.cost().bytes() < plain.cost().bytes());
    }
  }

  @Test
  void aDeepNetworkKeepsFewActivations() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(2, 64, 64, 320), DType.F32);
    for (int i = 0; i < 60; i++) {
      x = block("blocks." + i, 320).forward(x, null);
    }
    x.output("y");
    long one = 4L * 2 * 64 * 64 * 320;
    try (var plan = compile(g, new NullBackend(), PLAIN)) {
      assertEquals(60 * 7, plan.steps().size());
      // The input stays; a block holds its shortcut, an operand and a result.
      assertTrue(plan.slabBytes() <= 4 * one, plan.slabBytes() + " of " + 4 * one);
      assertTrue(plan.cost().flops() > 60L * 2 * 2 * 2 * 64 * 64 * 320 * 320 * 9);
    }
  }

  @Test
  void externalTensorsTakeNoRoomAndMustBeBound() {
    var g = new Graph(Hook.NONE);
    g.input("x", Shape.of(1, 1000), DType.F32, Port.BOUND).silu().gelu().output("y", Port.BANK);
    var backend = new NullBackend();
    try (var plan = compile(g, backend, PLAIN)) {
      // What is in between, and the number of the sample with which banks begin.
      assertEquals(4032 + 64, plan.slabBytes());
      var e = assertThrows(IllegalStateException.class, () -> plan.run(Trace.OFF));
      assertTrue(String.valueOf(e.getMessage()).contains("x"), e.toString());
      assertThrows(IllegalArgumentException.class, () -> plan.tensor("y"));
      var memory = backend.allocate(8000, "test");
      var in = new Tensor(memory, 0, Shape.of(1, 1000), DType.F32);
      plan.bind("x", in);
      assertThrows(IllegalStateException.class, () -> plan.run(Trace.OFF));
      plan.bind("y", new Tensor(memory, 4000, Shape.of(1, 1000), DType.F32));
      plan.run(Trace.OFF);
      assertSame(memory, plan.tensor("x").memory());
      assertEquals(4000, plan.tensor("y").offset());
    }
  }

  @Test
  void onlyWhatFitsIsBound() {
    var g = new Graph(Hook.NONE);
    g.input("x", Shape.of(1, 8), DType.F32).silu().output("y");
    var memory = new NullBackend().allocate(64, "test");
    try (var plan = compile(g, new NullBackend(), PLAIN)) {
      assertThrows(
          IllegalArgumentException.class,
          () -> plan.bind("x", new Tensor(memory, 0, Shape.of(8), DType.F32)));
      assertThrows(
          IllegalArgumentException.class,
          () -> plan.bind("x", new Tensor(memory, 0, Shape.of(1, 8), DType.I32)));
      var e =
          assertThrows(
              IllegalArgumentException.class,
              () -> plan.bind("z", new Tensor(memory, 0, Shape.of(1, 8), DType.F32)));
      assertEquals("z: expected one of [x, y]", e.getMessage());
    }
  }

  @Test
  void samplesOfBanksAreBoundByTheirNumber() {
    var g = new Graph(Hook.NONE);
    g.input("x", Shape.of(2, 8), DType.F32).silu().output("y", Port.BANK);
    var backend = new RecordingBackend(_ -> true, 0);
    var memory = backend.allocate(1 << 12, "test");
    var bank = new Tensor(memory, 32, Shape.of(5, 8), DType.F32);
    try (var plan = compile(g, backend, PLAIN)) {
      var slot = backend.bound().getFirst().written();
      assertThrows(IllegalStateException.class, () -> plan.run(Trace.OFF));
      plan.bindBanks(Map.of("y", bank), 0);
      plan.run(Trace.OFF);
      assertEquals(32, slot.tensor().offset());
      plan.bindBanks(Map.of(), 3);
      assertEquals(new Tensor(memory, 32 + 3 * 32, Shape.of(2, 8), DType.F32), slot.tensor());
      assertEquals(bank, Objects.requireNonNull(slot.bank()).all());
      var first = Objects.requireNonNull(slot.bank()).first();
      assertEquals(DType.I32, first.dtype());
      assertTrue(first.offset() >= 64, "not where the input is");
      for (int from : new int[] {-1, 4}) {
        assertThrows(IllegalArgumentException.class, () -> plan.bindBanks(Map.of("y", bank), from));
      }
      var rows = new Tensor(memory, 0, Shape.of(5, 9), DType.F32);
      var halves = new Tensor(memory, 0, Shape.of(5, 8), DType.F16);
      for (var wrong : List.of(rows, halves)) {
        assertThrows(IllegalArgumentException.class, () -> plan.bindBanks(Map.of("y", wrong), 0));
      }
      assertThrows(IllegalArgumentException.class, () -> plan.bindBanks(Map.of("z", bank), 0));
      assertThrows(IllegalArgumentException.class, () -> plan.bindBanks(Map.of("x", bank), 0));
      plan.bind("y", new Tensor(memory, 0, Shape.of(2, 8), DType.F32));
      assertNull(slot.bank());
    }
  }

  private static List<String> casts(Plan plan) {
    return plan.steps().stream()
        .filter(s -> s.node().op() instanceof Op.Cast)
        .map(s -> s.node().in(0).dtype() + " to " + s.node().dtype())
        .toList();
  }

  @Test
  void castsAreAtTheHostsPortsOfADeviceOfHalvesAndNowhereElse() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(1, 64), DType.F32);
    var kept = g.input("kept", Shape.of(1, 64), DType.F32, Port.BANK);
    var bound = g.input("bound", Shape.of(1, 64), DType.F32, Port.BOUND);
    var y = x.silu().plus(x).plus(kept).plus(bound);
    y.output("y");
    y.gelu().output("bank", Port.BANK);
    var t = g.input("t", Shape.of(1), DType.F32);
    g.node(new Op.TimestepEmbedding(64, true, 0), "time", t).plus(y).output("e", Port.BOUND);
    var halves = new RecordingBackend(_ -> true, 0, DType.F16);
    try (var plan = compile(g, halves, PLAIN);
        var floats = compile(g, new RecordingBackend(_ -> true, 0), PLAIN)) {
      // x once for both who read it; the timestep stays as it is.
      assertEquals(List.of("F32 to F16", "F16 to F32"), casts(plan));
      assertEquals(List.of(), casts(floats));
      assertEquals(floats.steps().size() + 2, plan.steps().size());
      for (var name : List.of("x", "y", "t")) {
        assertEquals(DType.F32, plan.value(name).dtype(), name);
      }
      for (var name : List.of("kept", "bound", "bank", "e")) {
        assertEquals(DType.F16, plan.value(name).dtype(), name);
      }
      for (var step : plan.steps()) {
        boolean cast = step.node().op() instanceof Op.Cast;
        assertTrue(cast || step.node().dtype() == DType.F16, step.node()::toString);
      }
      // A node's slot is of the node's type.
      for (var step : halves.bound()) {
        assertEquals(step.node().dtype(), step.written().tensor().dtype());
        step.read().forEach((v, slot) -> assertEquals(v.dtype(), slot.tensor().dtype()));
      }
    }
  }

  @Test
  void aCastOfTheGraphsOwnIsStoredInItsType() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(1, 64), DType.F32);
    x.silu().cast(DType.F16).gelu().cast(DType.F32).output("y");
    try (var plan = compile(g, new NullBackend(), PLAIN);
        var halves = compile(g, new RecordingBackend(_ -> true, 0, DType.F16), PLAIN)) {
      assertEquals(List.of("F32 to F16", "F16 to F32"), casts(plan), "read as floats again");
      assertEquals(List.of("F32 to F16", "F16 to F32"), casts(halves), "those of x and y");
    }
    assertThrows(IllegalArgumentException.class, () -> x.cast(DType.I32));
  }

  @Test
  void aStepCostsTheBytesThatAreStored() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(1, 5, 12), DType.F32);
    var ids = g.input("ids", Shape.of(1, 3), DType.I32);
    Layers.linear("proj", 12, 32, true).forward(x).output("y");
    var table = g.weight(Param.of("table", Shape.of(1000, 16)));
    g.node(new Op.Embedding(), "rows", ids, table).output("rows");
    // Weights in bytes, the type of activations, and the rows that are picked.
    for (var type : List.of(DType.F32, DType.F16)) {
      var backend = new RecordingBackend(_ -> true, 0, type);
      try (var plan = Plan.compile(g, backend, HALF_WEIGHTS, PLAIN)) {
        for (var step : plan.steps()) {
          long each = type.bytes();
          long expected =
              switch (step.node().op()) {
                case Op.Linear _ -> each * (5 * 12 + 5 * 32) + 2 * (32 * 12 + 32);
                case Op.Embedding _ -> 3 * 4 + 2 * 3 * 16 + each * 3 * 16;
                default -> 6 * step.node().shape().size();
              };
          assertEquals(expected, step.cost().bytes(), step.node()::toString);
        }
      }
    }
  }

  private static final DeviceWeights HALF_WEIGHTS =
      new DeviceWeights() {
        @Override
        public DType dtype(Param param) {
          return DType.F16;
        }

        @Override
        public long byteSize() {
          return 0;
        }

        @Override
        public void close() {}
      };

  @Test
  void theSizeOfASlabIsKnownWithoutIt() {
    var g = resnet();
    try (var plan = compile(g, new NullBackend(), PlanOptions.DEFAULT)) {
      assertEquals(plan.slabBytes(), Plan.slabBytes(g, new NullBackend(), PlanOptions.DEFAULT));
    }
  }

  @Test
  void twoOutputsOfOneValueAreNotBoundApart() {
    var g = new Graph(Hook.NONE);
    var h = g.input("x", Shape.of(1, 8), DType.F32).silu();
    h.output("a");
    h.reshape(8).output("b");
    try (var plan = compile(g, new NullBackend(), PLAIN)) {
      assertEquals(plan.tensor("a").offset(), plan.tensor("b").offset());
    }
    for (var port : List.of(Port.BOUND, Port.BANK)) {
      var bound = new Graph(Hook.NONE);
      var again = bound.input("x", Shape.of(1, 8), DType.F32).silu();
      again.output("a");
      again.reshape(8).output("b", port);
      assertThrows(
          IllegalArgumentException.class, () -> compile(bound, new NullBackend(), PLAIN).close());
    }
  }

  /** Independent of how the layout is found: replays the steps and watches every byte. */
  @RepeatedTest(60)
  void noStepOverwritesWhatALaterOneReads(RepetitionInfo info) {
    var random = new SplittableRandom(info.getCurrentRepetition());
    var g = randomGraph(random);
    var backend = new RecordingBackend(_ -> true, random.nextInt(3) * 100L);
    var options = random.nextBoolean() ? PlanOptions.DEFAULT : PLAIN;
    try (var plan = compile(g, backend, options)) {
      // Twice: the second run must find the inputs as they were.
      var owner = new Bytes((int) plan.slabBytes());
      for (var name : plan.names()) {
        if (plan.value(name).op() instanceof Op.Input) {
          owner.write(plan.tensor(name), root(plan.value(name)));
        }
      }
      for (int run = 0; run < 2; run++) {
        for (var step : backend.bound()) {
          step.read().forEach((v, slot) -> owner.check(slot.tensor(), root(v)));
          var scratch = step.workspace().tensor();
          owner.write(scratch, step);
          step.read().forEach((v, slot) -> owner.check(slot.tensor(), root(v)));
          owner.write(step.written().tensor(), step.node());
          owner.check(scratch, step);
          step.read().forEach((v, slot) -> owner.check(slot.tensor(), root(v)));
        }
        for (var name : plan.names()) {
          owner.check(plan.tensor(name), root(plan.value(name)));
        }
      }
      assertEquals(distinctSlots(backend), slotsOfValues(backend));
    }
  }

  /** Who wrote each byte of the slab last. */
  private static final class Bytes {
    private final Object[] owners;

    Bytes(int size) {
      owners = new Object[size];
      Arrays.fill(owners, "nobody");
    }

    void write(Tensor t, Object who) {
      Arrays.fill(owners, (int) t.offset(), (int) (t.offset() + t.byteSize()), who);
    }

    void check(Tensor t, Object who) {
      for (int i = (int) t.offset(); i < t.offset() + t.byteSize(); i++) {
        assertEquals(who, owners[i]);
      }
    }
  }

  private static Set<Slot> distinctSlots(RecordingBackend backend) {
    var slots = new HashSet<Slot>();
    for (var b : backend.bound()) {
      slots.add(b.written());
      slots.addAll(b.read().values());
    }
    return slots;
  }

  /** A view's slot is that of what it views, everywhere the same. */
  private static Set<Slot> slotsOfValues(RecordingBackend backend) {
    Map<Value, Slot> slots = new HashMap<>();
    for (var b : backend.bound()) {
      b.read().forEach((v, slot) -> assertSame(slots.computeIfAbsent(root(v), _ -> slot), slot));
      assertSame(slots.computeIfAbsent(b.node(), _ -> b.written()), b.written());
    }
    return new HashSet<>(slots.values());
  }

  private static Value root(Value v) {
    return v.op() instanceof Op.Reshape ? root(v.in(0)) : v;
  }

  private static Graph randomGraph(SplittableRandom random) {
    var g = new Graph(Hook.NONE);
    var values = new ArrayList<Value>();
    values.add(g.input("x", Shape.of(1, 2, 2, 8), DType.F32));
    values.add(g.input("y", Shape.of(1, 2, 2, 8), DType.F32));
    for (int i = random.nextInt(3, 40); i > 0; i--) {
      var a = values.get(random.nextInt(values.size()));
      var same = values.stream().filter(v -> v.shape().equals(a.shape())).toList();
      var b = same.get(random.nextInt(same.size()));
      int c = a.shape().dim(3);
      int j = i;
      values.add(
          switch (random.nextInt(7)) {
            case 0 -> a.silu();
            case 1 -> a.plus(b);
            case 2 -> a.times(b);
            case 3 -> Layers.conv2d("conv" + j, c, 8, 1, 1, 0).forward(a);
            case 4 -> Layers.groupNorm("norm" + j, 2, c, 1e-5f).forward(a);
            case 5 -> c > 64 ? a.gelu() : a.concat(b);
            default -> a.reshape(1, 4, c).gelu().reshape(1, 2, 2, c);
          });
    }
    values.getLast().output("last");
    for (int i = random.nextInt(3); i > 0; i--) {
      values.get(random.nextInt(values.size())).output("output" + i);
    }
    return g;
  }

  @Test
  void thePropertyTestSeesOverlaps() {
    var owner = new Bytes(64);
    var memory = new NullBackend().allocate(64, "test");
    owner.write(new Tensor(memory, 0, Shape.of(4), DType.F32), "a");
    owner.write(new Tensor(memory, 12, Shape.of(4), DType.F32), "b");
    assertThrows(
        AssertionError.class,
        () -> owner.check(new Tensor(memory, 0, Shape.of(4), DType.F32), "a"));
  }

  private static List<String> resnetSteps(Set<String> off) {
    try (var plan =
        compile(resnet(), new NullBackend(), new PlanOptions(KernelOptions.DEFAULT, off))) {
      assertFalse(plan.steps().isEmpty());
      return plan.steps().stream().map(s -> s.node().op().label()).toList();
    }
  }

  private static Graph resnet() {
    var g = new Graph(Hook.NONE);
    var x = g.input("x", Shape.of(1, 4, 4, 16), DType.F32);
    var temb = g.input("temb", Shape.of(1, 1, 1, 16), DType.F32);
    var h = Layers.groupNorm("norm1", 4, 16, 1e-5f).forward(x).silu();
    h = Layers.conv2d("conv1", 16, 16, 3, 1, 1).forward(h).plus(temb);
    h = Layers.groupNorm("norm2", 4, 16, 1e-5f).forward(h).silu();
    x.plus(Layers.conv2d("conv2", 16, 16, 3, 1, 1).forward(h)).output("y");
    return g;
  }

  private static ResnetBlock2D block(String path, int c) {
    return new ResnetBlock2D(
        path,
        Layers.groupNorm(path + ".norm1", 32, c, 1e-5f),
        Layers.conv2d(path + ".conv1", c, c, 3, 1, 1),
        Optional.empty(),
        Layers.groupNorm(path + ".norm2", 32, c, 1e-5f),
        Layers.conv2d(path + ".conv2", c, c, 3, 1, 1),
        new Identity());
  }

  private static Plan compile(Graph g, Backend backend, PlanOptions options) {
    return Plan.compile(g, backend, backend.weights(NO_WEIGHTS), options);
  }
}
