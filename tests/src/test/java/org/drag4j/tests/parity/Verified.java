package org.drag4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.device.KernelOptions;
import org.drag4j.plan.PlanOptions;
import org.drag4j.report.Parity;
import org.drag4j.report.ParityOptions;
import org.drag4j.report.ParityReport;
import org.drag4j.report.ParityRow;

/** A folder of recordings, verified. */
record Verified(List<ParityRow> rows, ParityReport report) {
  static Verified of(Path folder) {
    return of(folder, true, ParityOptions.DEFAULT);
  }

  static Verified of(Path folder, boolean exact, ParityOptions options) {
    try (var backend = backend()) {
      return of(folder, backend, exact, options);
    }
  }

  static Verified of(Path folder, Backend backend, boolean exact, ParityOptions options) {
    var rows = new ArrayList<ParityRow>();
    return new Verified(rows, Parity.run(folder, backend, plan(exact), options, rows::add));
  }

  /** One thread: these networks are too small to share. */
  static Backend backend() {
    return Devices.open("cpu", new DeviceOptions(OptionalInt.of(1), OptionalInt.empty()));
  }

  static PlanOptions plan(boolean exact) {
    return PlanOptions.of(new KernelOptions(exact, Map.of()));
  }

  ParityRow row(String name) {
    return rows.stream()
        .filter(r -> r.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no row " + name));
  }

  List<ParityRow> failed() {
    return rows.stream().filter(r -> !r.ok()).toList();
  }

  void assertAllRight() {
    assertEquals(List.of(), failed());
    assertEquals(0, report.failed());
    assertEquals(rows.size(), report.compared());
    var names = rows.stream().map(ParityRow::name).collect(Collectors.toSet());
    assertEquals(names.size(), rows.size(), "every row has a name of its own");
  }

  /** The fault shows there and nowhere before. */
  void assertFailsFirstAt(String name) {
    assertFalse(failed().isEmpty(), "a fault went unseen");
    assertEquals(name, failed().getFirst().name());
    assertEquals(failed().size(), report.failed());
    assertFalse(report.ok());
  }

  /** The fault shows there and nowhere else. */
  void assertFailsOnlyAt(String name) {
    assertFailsFirstAt(name);
    assertEquals(1, failed().size(), () -> failed().toString());
  }
}
