package org.drag4j.study;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.drag4j.device.Backend;
import org.drag4j.device.Bindings;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.device.Launch;
import org.drag4j.device.NullBackend;
import org.drag4j.graph.Value;
import org.drag4j.pipeline.CancelledException;
import org.drag4j.reference.Meaning;
import org.drag4j.reference.OpCase;
import org.drag4j.reference.OpCases;
import org.drag4j.reference.ReferenceBackend;
import org.drag4j.reference.WrappedBackend;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DeviceCheckTest {
  /** Every reading of the clock is a second later. */
  private static List<DeviceCheck.Row> check(Backend backend, int seconds) {
    var now = new AtomicLong();
    return DeviceCheck.run(
        backend, seconds * 1_000_000_000L, () -> now.addAndGet(1_000_000_000L), _ -> {});
  }

  private static List<String> names() {
    return OpCases.drawn(0).stream().map(OpCase::name).toList();
  }

  @Test
  void theProcessorPassesEveryCase() {
    try (var cpu = Devices.open("cpu", DeviceOptions.DEFAULT)) {
      var rows = check(cpu, 0);
      assertEquals(names(), rows.stream().map(r -> r.name()).toList());
      for (var row : rows) {
        assertTrue(row.ok(), row::toString);
        assertEquals(1, row.runs());
        assertFalse(row.kernels().isEmpty(), row::toString);
        assertTrue(row.relL2() < 1e-5, row::toString);
      }
    }
  }

  @Test
  void soDoesTheReference() {
    var rows = check(new ReferenceBackend(Meaning.SINGLE), 0);
    assertTrue(rows.stream().allMatch(r -> r.ok() && r.relL2() < 1e-5), rows::toString);
  }

  @Test
  void otherRoundsHaveOtherSizesAndNumbers() {
    try (var cpu = Devices.open("cpu", DeviceOptions.DEFAULT)) {
      // The clock is asked at the start, for each further round, and for each case of it.
      int cases = names().size();
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
      if (v.dtype() != DType.F32) {
        return;
      }
      var slot = at.slot(v).tensor();
      var y = new Tensor(slot.memory(), slot.offset(), v.shape(), v.dtype());
      var values = y.read();
      values[values.length / 2] += 1;
      y.write(values);
    };
  }

  /** Of every operation of which there is a case. */
  static List<String> labels() {
    return OpCases.drawn(0).stream()
        .flatMap(c -> c.build().graph().live().stream())
        .filter(v -> v.op().arity() != 0)
        .map(v -> v.op().label())
        .distinct()
        .toList();
  }

  @ParameterizedTest
  @MethodSource("labels")
  void aWrongElementIsFound(String label) {
    var calls = new AtomicInteger();
    try (var cpu =
        new WrappedBackend(
            Devices.open("cpu", DeviceOptions.DEFAULT),
            (v, kernel, at) ->
                v.op().label().equals(label)
                    ? damaged(v, kernel.bind(at), at, calls)
                    : kernel.bind(at))) {
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
        new WrappedBackend(
            Devices.open("cpu", DeviceOptions.DEFAULT),
            (v, kernel, at) -> {
              var launch = kernel.bind(at);
              return () -> {
                launch.enqueue();
                if (v.dtype() != DType.F32) {
                  return;
                }
                var slot = at.slot(v).tensor();
                var y = new Tensor(slot.memory(), slot.offset(), v.shape(), v.dtype());
                var values = y.read();
                values[0] += 1e-6f * drift.incrementAndGet();
                y.write(values);
              };
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
        new WrappedBackend(
            new NullBackend(),
            (_, _, _) -> {
              throw new DeviceException("lost");
            })) {
      var rows = check(failing, 0);
      assertEquals(names().size(), rows.size());
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
    assertEquals(names().subList(0, 3), named);
  }
}
