package org.drag4j.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.drag4j.device.Backend;
import org.drag4j.device.Bindings;
import org.drag4j.device.Candidate;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.Devices;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Launch;
import org.drag4j.device.NullBackend;
import org.drag4j.graph.Value;
import org.drag4j.method.CancelledException;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.Tensor;
import org.drag4j.tensor.WeightSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeviceCheckTest {
  /** Every reading of the clock is a second later. */
  private static List<DeviceCheck.Row> check(Backend backend, int seconds) {
    var now = new AtomicLong();
    return DeviceCheck.run(
        backend, seconds * 1_000_000_000L, () -> now.addAndGet(1_000_000_000L), _ -> {});
  }

  @Test
  void theProcessorPassesEveryCase() {
    try (var cpu = Devices.open("cpu", DeviceOptions.DEFAULT)) {
      var rows = check(cpu, 0);
      assertEquals(List.copyOf(DeviceCase.names()), rows.stream().map(r -> r.name()).toList());
      for (var row : rows) {
        assertTrue(row.ok(), row::toString);
        assertEquals(1, row.runs());
        assertFalse(row.kernels().isEmpty(), row::toString);
        assertTrue(row.relL2() < 1e-5, row::toString);
      }
    }
  }

  @Test
  void otherRoundsHaveOtherSizesAndNumbers() {
    for (var name : DeviceCase.names()) {
      var one = DeviceCase.of(name, 1);
      assertEquals(one.inputs().keySet(), DeviceCase.of(name, 1).inputs().keySet());
      assertTrue(
          Arrays.equals(one.answer(), DeviceCase.of(name, 1).answer())
              && !Arrays.equals(one.answer(), DeviceCase.of(name, 2).answer()),
          name);
    }
    try (var cpu = Devices.open("cpu", DeviceOptions.DEFAULT)) {
      // The clock is asked at the start, for each further round, and for each case of it.
      int cases = DeviceCase.names().size();
      var rows = check(cpu, cases + 3);
      assertTrue(rows.stream().allMatch(DeviceCheck.Row::ok), rows::toString);
      assertEquals(2 * cases, rows.stream().mapToInt(DeviceCheck.Row::runs).sum());
    }
  }

  /** One element of the result is off by a hundredth of its size and more. */
  private static Launch damaged(Value v, Launch launch, Bindings at, AtomicInteger calls) {
    return () -> {
      launch.enqueue();
      calls.incrementAndGet();
      var slot = at.slot(v).tensor();
      var y = new Tensor(slot.memory(), slot.offset(), v.shape(), v.dtype());
      var values = y.read();
      values[values.length / 2] += 1;
      y.write(values);
    };
  }

  @ParameterizedTest
  @CsvSource({
    "conv2d",
    "linear",
    "group_norm",
    "layer_norm",
    "attention",
    "unary",
    "geglu",
    "binary",
    "concat",
    "upsample",
    "embedding",
    "timestep_embedding"
  })
  void aWrongElementIsFound(String label) {
    var calls = new AtomicInteger();
    try (var cpu =
        new Bound(
            Devices.open("cpu", DeviceOptions.DEFAULT),
            (v, launch, at) ->
                v.op().label().equals(label) ? damaged(v, launch, at, calls) : launch)) {
      var wrong = check(cpu, 0).stream().filter(r -> !r.ok()).toList();
      assertFalse(wrong.isEmpty());
      assertTrue(calls.get() > 0);
      for (var row : wrong) {
        assertTrue(row.relL2() > 1e-4, row::toString);
        assertTrue(row.failure().startsWith("expected an error of at most 1e-04, got "));
      }
    }
  }

  @Test
  void numbersThatChangeAreFound() {
    var drift = new AtomicInteger();
    try (var cpu =
        new Bound(
            Devices.open("cpu", DeviceOptions.DEFAULT),
            (v, launch, at) ->
                () -> {
                  launch.enqueue();
                  var slot = at.slot(v).tensor();
                  var y = new Tensor(slot.memory(), slot.offset(), v.shape(), v.dtype());
                  var values = y.read();
                  values[0] += 1e-6f * drift.incrementAndGet();
                  y.write(values);
                })) {
      var rows = check(cpu, 0);
      assertTrue(rows.stream().noneMatch(DeviceCheck.Row::ok), rows::toString);
      assertTrue(
          rows.getFirst().failure().startsWith("expected the same numbers from a second run"));
    }
  }

  @Test
  void whatFailsOrComputesNothingIsSaidAndNotAskedAgain() {
    try (var nothing = new NullBackend()) {
      var rows = check(nothing, 1000);
      assertTrue(rows.stream().noneMatch(DeviceCheck.Row::ok), rows::toString);
      assertTrue(rows.stream().allMatch(r -> r.runs() == 1), rows::toString);
    }
    try (var failing =
        new Bound(
            new NullBackend(),
            (_, _, _) -> {
              throw new DeviceException("lost");
            })) {
      var rows = check(failing, 0);
      assertEquals(DeviceCase.names().size(), rows.size());
      assertTrue(rows.stream().allMatch(r -> r.failure().equals("lost")), rows::toString);
    }
  }

  @Test
  void everyCaseIsNamedBeforeItRunsAndMayBeTheLast() {
    var named = new ArrayList<String>();
    try (var nothing = new NullBackend()) {
      assertThrows(
          CancelledException.class,
          () ->
              DeviceCheck.run(
                  nothing,
                  1,
                  System::nanoTime,
                  name -> {
                    named.add(name);
                    if (named.size() == 3) {
                      throw new CancelledException();
                    }
                  }));
    }
    assertEquals(List.copyOf(DeviceCase.names()).subList(0, 3), named);
  }

  /** Values of tables: erf to 16 digits, GELU from its definition. */
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "0.5, 0.5204998778130465",
    "1, 0.8427007929497149",
    "-2, -0.9953222650189527",
    "3.5, 0.9999992569016276",
    "6, 1"
  })
  void erfIsThatOfTables(double x, double expected) {
    assertEquals(expected, ScalarMath.erf(x), 1e-14);
  }

  private interface Change {
    Launch of(Value v, Launch launch, Bindings at);
  }

  /** A device whose launches are others. */
  private record Bound(Backend inner, Change change) implements Backend {
    @Override
    public String device() {
      return inner.device();
    }

    @Override
    public DeviceMemory allocate(long bytes, String purpose) {
      return inner.allocate(bytes, purpose);
    }

    @Override
    public DeviceWeights weights(WeightSource source) {
      return inner.weights(source);
    }

    @Override
    public Stream<Candidate> candidates(Value node, KernelOptions options) {
      return inner.candidates(node, options).map(c -> c.with(changed(node, c.kernel())));
    }

    private Kernel changed(Value node, Kernel kernel) {
      return new Kernel() {
        @Override
        public String name() {
          return kernel.name();
        }

        @Override
        public long workspaceBytes() {
          return kernel.workspaceBytes();
        }

        @Override
        public Launch bind(Bindings at) {
          return change.of(node, kernel.bind(at), at);
        }
      };
    }

    @Override
    public void synchronize() {
      inner.synchronize();
    }

    @Override
    public void close() {
      inner.close();
    }
  }
}
