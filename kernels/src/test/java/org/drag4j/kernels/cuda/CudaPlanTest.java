package org.drag4j.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import jcuda.driver.CUresult;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceMemoryException;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.Step;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Site;
import org.drag4j.kernels.cuda.driver.FakeCudaDriver;
import org.drag4j.layer.Attention;
import org.drag4j.plan.Hoisted;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.tensor.Weights;
import org.drag4j.trace.Trace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What plans do beyond single operations: banks of keys and values, recordings, running out of
 * memory. The driver is in Java and runs the kernels' own sources.
 */
class CudaPlanTest {
  private static final long CAPACITY = 1L << 28;
  private static final int TOKENS = 12;
  private static final int HEADS = 2;
  private static final int DIM = 80;
  private static final int STEPS = 3;

  /** One self-attention and one cross-attention, normal numbers. */
  private static NormalWeights checkpoint() {
    var weights = new NormalWeights(0.125f);
    for (var attn : List.of("attn1", "attn2")) {
      for (var layer : List.of("to_q", "to_k", "to_v", "to_out.0")) {
        weights.put(attn + "." + layer + ".weight", DIM, DIM);
      }
      weights.put(attn + ".to_out.0.bias", DIM);
    }
    return weights;
  }

  private final FakeCudaDriver driver = ShimCuda.driver(CAPACITY);

  private static float[] input(int batch, int seed) {
    return NormalWeights.normal(batch * TOKENS * DIM, seed);
  }

  private static Graph selfAttention(int batch, Hook hook) {
    var graph = new Graph(hook);
    var x = graph.input("x", Shape.of(batch, TOKENS, DIM), DType.F32);
    var weights = Weights.of(checkpoint()).at("attn1");
    Attention.load(weights, Attention.Kind.SELF, HEADS, DIM, DIM).forward(x, x).output("y");
    return graph;
  }

  private static Plan selfAttention(Backend backend, DeviceWeights weights, int batch, Hook hook) {
    return Plan.compile(selfAttention(batch, hook), backend, weights, PlanOptions.DEFAULT);
  }

  private static Hook capture() {
    return Hook.capture(Site::isSelfKeyOrValue);
  }

  private static Hook inject() {
    return Hook.inject(Site::isSelfKeyOrValue);
  }

  /** Keys and values of all steps. */
  private static Map<String, Tensor> banks(CudaMemory memory, DType type) {
    var shape = Shape.of(STEPS, TOKENS, DIM);
    return Map.of(
        "attn1#self_key",
        new Tensor(memory, 0, shape, type),
        "attn1#self_value",
        new Tensor(memory, memory.byteSize() / 2, shape, type));
  }

  private static CudaMemory bankMemory(Backend backend, DType type) {
    return (CudaMemory)
        backend.allocate(2L * STEPS * TOKENS * DIM * type.bytes(), "keys and values");
  }

  private static float[] run(Plan plan, float[] x) {
    plan.tensor("x").write(x);
    plan.run(Trace.OFF);
    return plan.tensor("y").read();
  }

  private int count(String call) {
    return Collections.frequency(driver.calls(), call);
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void keysAndValuesGoStraightIntoTheBankAndAreReadThereByOneRecording(DType type) {
    try (var backend = ShimCuda.open(driver, type);
        var weights = backend.weights(checkpoint());
        var memory = bankMemory(backend, type);
        var plain = selfAttention(backend, weights, 1, Hook.NONE);
        var copied = selfAttention(backend, weights, 1, inject());
        var capturing = selfAttention(backend, weights, 1, capture());
        var injecting = selfAttention(backend, weights, 1, inject())) {
      var banks = banks(memory, type);
      for (int step = 0; step < STEPS; step++) {
        capturing.bindBanks(banks, step);
        driver.calls().clear();
        assertArrayEquals(run(plain, input(1, step)), run(capturing, input(1, step)));
        // Casts of x and of y, four products, attention: nothing copies keys or values.
        int launches = type == DType.F16 ? 7 : 5;
        if (step > 0) {
          assertEquals(0, count("launch"));
          assertEquals(2, count("launchGraph"), "both plans");
        } else {
          assertEquals(2 * 2 * launches, count("launch"), "run once and recorded once, both");
        }
      }
      var expected = new ArrayList<float[]>();
      for (int step = 0; step < STEPS; step++) {
        int at = step;
        banks.forEach((name, bank) -> copied.bind(name, bank.batch(at, 1)));
        expected.add(run(copied, input(1, 9)));
      }
      assertFalse(Arrays.equals(expected.get(0), expected.get(1)));
      for (int step : new int[] {2, 0, 1, 2}) {
        injecting.bindBanks(banks, step);
        driver.calls().clear();
        assertArrayEquals(expected.get(step), run(injecting, input(1, 9)));
        if (count("launchGraph") == 0) {
          assertEquals(2 * (type == DType.F16 ? 5 : 3), count("launch"), "no projections");
        } else {
          assertEquals(0, count("launch"));
          assertEquals(1, count("launchGraph"));
        }
      }
      assertEquals(1, count("launchGraph"));
      assertEquals(List.of(), backend.warnings());
    }
    assertEquals(List.of(), driver.leaks());
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void aBatchFillsSlotsOfTheBankFromAnyOneOn(DType type) {
    try (var backend = ShimCuda.open(driver, type);
        var weights = backend.weights(checkpoint());
        var together = bankMemory(backend, type);
        var apart = bankMemory(backend, type);
        var two = selfAttention(backend, weights, 2, capture());
        var one = selfAttention(backend, weights, 1, capture())) {
      var x = input(STEPS, 4);
      for (int first : new int[] {0, 1}) {
        two.bindBanks(banks(together, type), first);
        run(two, slice(x, first, 2));
      }
      for (int step = 0; step < STEPS; step++) {
        one.bindBanks(banks(apart, type), step);
        run(one, slice(x, step, 1));
      }
      var expected = new byte[(int) apart.byteSize()];
      var got = new byte[(int) together.byteSize()];
      apart.read(0, MemorySegment.ofArray(expected));
      together.read(0, MemorySegment.ofArray(got));
      assertArrayEquals(expected, got);
    }
  }

  private static float[] slice(float[] x, int first, int count) {
    int each = TOKENS * DIM;
    return Arrays.copyOfRange(x, first * each, (first + count) * each);
  }

  @Test
  void aBankEndsWhereItEnds() {
    try (var backend = ShimCuda.open(driver, DType.F16);
        var weights = backend.weights(checkpoint());
        var memory = bankMemory(backend, DType.F32);
        var plan = selfAttention(backend, weights, 2, capture())) {
      var banks = banks(memory, DType.F16);
      for (int first : new int[] {-1, 2}) {
        assertThrows(IllegalArgumentException.class, () -> plan.bindBanks(banks, first));
      }
      assertThrows(
          IllegalArgumentException.class, () -> plan.bindBanks(banks(memory, DType.F32), 0));
      plan.bindBanks(banks, 1);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void aPlanIsRecordedOnceAndFollowsItsInputs(DType type) {
    try (var backend = ShimCuda.open(driver, type);
        var weights = backend.weights(checkpoint());
        var plan = selfAttention(backend, weights, 1, Hook.NONE);
        var other = selfAttention(backend, weights, 1, Hook.NONE)) {
      // A trace goes launch by launch, before and after a recording.
      var expected = new ArrayList<float[]>();
      for (int i = 0; i < 3; i++) {
        other.tensor("x").write(input(1, i));
        other.run(new Seen());
        expected.add(other.tensor("y").read());
      }
      assertEquals(0, count("instantiate"));
      for (int i = 0; i < 3; i++) {
        driver.calls().clear();
        assertArrayEquals(expected.get(i), run(plan, input(1, i)));
        assertEquals(i == 0 ? 1 : 0, count("instantiate"));
        assertEquals(i == 0 ? 0 : 1, count("launchGraph"));
        assertEquals(i == 0, count("launch") > 0);
      }
      plan.tensor("x").write(input(1, 1));
      plan.run(new Seen());
      assertArrayEquals(expected.get(1), plan.tensor("y").read());
    }
    assertEquals(List.of(), driver.leaks());
  }

  /** Any trace. */
  private static final class Seen implements Trace {
    @Override
    public void begin(Step step) {}

    @Override
    public void end(Step step) {}
  }

  @Test
  void whatIsBoundElsewhereIsRecordedAgainOnceItStays() {
    try (var backend = ShimCuda.open(driver, DType.F32);
        var weights = backend.weights(checkpoint());
        var memory = bankMemory(backend, DType.F32);
        var plan = selfAttention(backend, weights, 1, inject())) {
      var banks = banks(memory, DType.F32);
      banks.values().forEach(b -> b.write(input(STEPS, 5)));
      var recordings = new ArrayList<Integer>();
      for (int step : new int[] {0, 1, 2, 2, 2, 0}) {
        banks.forEach((name, bank) -> plan.bind(name, bank.batch(step, 1)));
        driver.calls().clear();
        run(plan, input(1, 1));
        recordings.add(count("instantiate") + 10 * count("launchGraph"));
      }
      assertEquals(List.of(1, 0, 0, 1, 10, 0), recordings);
      // From a tensor to the bank that begins with it.
      plan.bindBanks(banks, 0);
      var zero = run(plan, input(1, 1));
      plan.bindBanks(banks, 1);
      assertFalse(Arrays.equals(zero, run(plan, input(1, 1))));
    }
    assertEquals(List.of(), driver.leaks());
  }

  @Test
  void aPlanThatCannotBeRecordedRunsAllTheSameAndSaysSo() {
    try (var backend = ShimCuda.open(driver, DType.F32);
        var weights = backend.weights(checkpoint());
        var plan = selfAttention(backend, weights, 1, Hook.NONE)) {
      driver.fail("instantiate", 1, CUresult.CUDA_ERROR_OUT_OF_MEMORY);
      var first = run(plan, input(1, 1));
      assertEquals(1, backend.warnings().size());
      assertTrue(backend.warnings().getFirst().startsWith("cuda:0: a plan of 5 launches"));
      assertArrayEquals(first, run(plan, input(1, 1)));
      assertEquals(1, count("instantiate"), "not tried again");
    }
    assertEquals(List.of(), driver.leaks());
  }

  @Test
  void closedMemoryIsNotReplayedFrom() {
    try (var backend = ShimCuda.open(driver, DType.F32);
        var weights = backend.weights(checkpoint());
        var plan = selfAttention(backend, weights, 1, inject())) {
      var memory = bankMemory(backend, DType.F32);
      plan.bindBanks(banks(memory, DType.F32), 0);
      run(plan, input(1, 1));
      memory.close();
      assertThrows(DeviceException.class, () -> run(plan, input(1, 1)));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void whatTheContextAloneDecidesIsComputedOnce(DType type) {
    var graph = new Graph(Hook.NONE);
    var x = graph.input("x", Shape.of(1, TOKENS, DIM), DType.F32);
    var context = graph.input("context", Shape.of(1, 7, DIM), DType.F32);
    var attn =
        Attention.load(Weights.of(checkpoint()).at("attn2"), Attention.Kind.CROSS, HEADS, DIM, DIM);
    attn.forward(x, context).output("y");
    var halves = Hoisted.of(graph, Set.of("context")).orElseThrow();
    var names = halves.names();
    assertEquals(2, names.size());
    try (var backend = ShimCuda.open(driver, type);
        var weights = backend.weights(checkpoint());
        var whole = Plan.compile(graph, backend, weights, PlanOptions.DEFAULT);
        var once = Plan.compile(halves.once(), backend, weights, PlanOptions.DEFAULT);
        var rest = Plan.compile(halves.rest(), backend, weights, PlanOptions.DEFAULT);
        var memory = backend.allocate(names.size() * 4096L, "keys and values")) {
      assertEquals(Set.of("x", "y"), minus(rest.names(), names));
      whole.tensor("context").write(NormalWeights.normal(7 * DIM, 3));
      once.tensor("context").write(NormalWeights.normal(7 * DIM, 3));
      long offset = 0;
      for (var name : names) {
        var tensor = new Tensor(memory, offset, once.value(name).shape(), type);
        once.bind(name, tensor);
        rest.bind(name, tensor);
        offset += 4096;
      }
      once.run(Trace.OFF);
      for (int i = 0; i < 2; i++) {
        assertArrayEquals(run(whole, input(1, i)), run(rest, input(1, i)));
      }
      driver.calls().clear();
      run(rest, input(1, 2));
      assertEquals(1, count("launchGraph"));
      assertEquals(whole.cost().flops(), once.cost().flops() + rest.cost().flops());
    }
  }

  private static Set<String> minus(Set<String> all, Set<String> some) {
    return all.stream().filter(name -> !some.contains(name)).collect(Collectors.toSet());
  }

  /** Captures every step in one batch, then injects it: an edit in small. */
  private static List<float[]> edit(Backend backend, DeviceWeights weights, int steps) {
    var type = backend.activations();
    var outputs = new ArrayList<float[]>();
    try (var capturing = selfAttention(backend, weights, steps, capture());
        var memory = bankMemory(backend, type)) {
      capturing.bindBanks(banks(memory, type), 0);
      run(capturing, input(steps, 1));
      try (var injecting = selfAttention(backend, weights, 1, inject())) {
        for (int step = steps - 1; step >= 0; step--) {
          injecting.bindBanks(banks(memory, type), step);
          outputs.add(run(injecting, input(1, 2)));
        }
      }
    }
    return outputs;
  }

  @ParameterizedTest
  @EnumSource(names = {"F16", "F32"})
  void whereverMemoryRunsOutEverythingIsGivenBackAndASmallerEditRuns(DType type) {
    int allocations;
    List<float[]> expected;
    try (var backend = ShimCuda.open(driver, type);
        var weights = backend.weights(checkpoint())) {
      driver.calls().clear();
      edit(backend, weights, STEPS);
      allocations = count("allocateFromPool");
      expected = edit(backend, weights, 1);
    }
    assertEquals(4, allocations, "weights, two slabs, bank");
    for (int nth = 1; nth <= allocations; nth++) {
      var fake = ShimCuda.driver(CAPACITY);
      try (var backend = ShimCuda.open(fake, type);
          var weights = backend.weights(checkpoint())) {
        // The allocation and the second try after the pool was trimmed.
        fake.fail("allocateFromPool", nth, CUresult.CUDA_ERROR_OUT_OF_MEMORY);
        fake.fail("allocateFromPool", 1, CUresult.CUDA_ERROR_OUT_OF_MEMORY);
        var e = assertThrows(DeviceMemoryException.class, () -> edit(backend, weights, STEPS));
        assertTrue(String.valueOf(e.getMessage()).contains("asked for"), e::getMessage);
        backend.synchronize();
        long held = fake.leaks().stream().filter(l -> l.startsWith("memory")).count();
        assertEquals(weights.byteSize() == 0 ? 0 : 1, held, "blocks of memory");
        assertEquals(List.of(), graphs(fake));
        var got = edit(backend, weights, 1);
        assertArrayEquals(expected.getFirst(), got.getFirst());
      }
      assertEquals(List.of(), fake.leaks());
    }
  }

  private static List<String> graphs(FakeCudaDriver fake) {
    return fake.leaks().stream().filter(l -> l.contains("graph")).toList();
  }

  @Test
  void whicheverCallOfAnEditFailsTheDeviceCanBeClosedAndOpenedAgain() {
    Set<String> kinds;
    try (var backend = ShimCuda.open(driver, DType.F32);
        var weights = backend.weights(checkpoint())) {
      driver.calls().clear();
      edit(backend, weights, 2);
      kinds = Set.copyOf(driver.calls());
    }
    assertTrue(kinds.containsAll(Set.of("launch", "launchGraph", "instantiate", "fill")));
    for (var call : kinds) {
      var fake = ShimCuda.driver(CAPACITY);
      var backend = ShimCuda.open(fake, DType.F32);
      try (var weights = backend.weights(checkpoint())) {
        fake.fail(call, 1, CUresult.CUDA_ERROR_LAUNCH_FAILED);
        assertThrows(DeviceException.class, () -> edit(backend, weights, 2), call);
      } catch (DeviceException _) {
        // Giving weights back to a lost device.
      }
      try {
        backend.close();
      } catch (DeviceException _) {
        // What it lost.
      }
      assertEquals(List.of(), fake.leaks(), call);
      try (var again = ShimCuda.open(fake, DType.F32);
          var weights = again.weights(checkpoint())) {
        assertEquals(1, edit(again, weights, 1).size());
      }
    }
  }

  @Test
  void freeMemoryCountsWhatThePoolKeeps() {
    try (var backend = ShimCuda.open(driver, DType.F32)) {
      long before = backend.freeBytes().orElseThrow();
      var memory = backend.allocate(1 << 20, "test");
      assertEquals(before - (1 << 20), backend.freeBytes().orElseThrow());
      memory.close();
      assertEquals(before, backend.freeBytes().orElseThrow());
    }
  }
}
