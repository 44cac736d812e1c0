package org.drag4j.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.OptionalInt;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.tensor.DType;
import org.junit.jupiter.api.Test;

final class CpuProviderTest {
  private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

  private static DeviceOptions scalar(OptionalInt count) {
    return new DeviceOptions(count, OptionalInt.of(0), DType.F32);
  }

  /** The device's warnings, and the threads there are while it is open. */
  private record Opened(List<String> warnings, long threads) {
    static Opened with(OptionalInt count) {
      try (var backend = new CpuProvider().open("cpu", scalar(count))) {
        long workers =
            Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("drag4j-cpu-"))
                .filter(thread -> !thread.getName().contains("self"))
                .count();
        return new Opened(backend.warnings(), workers);
      }
    }
  }

  @Test
  void whatIsWrongIsSaidWhenTheDeviceIsOpened() {
    var wrong = new DeviceOptions(OptionalInt.of(1), OptionalInt.of(1000), DType.F32);
    assertDoesNotThrow(() -> Devices.prepare("cpu", wrong));
    assertThrows(DeviceException.class, () -> Devices.open("cpu", wrong).close());
  }

  @Test
  void preparesNoDeviceThatIsNotThere() {
    assertDoesNotThrow(() -> Devices.prepare("abacus:3", DeviceOptions.DEFAULT));
  }

  @Test
  void farMoreThreadsThanProcessorsAreWarnedOfAndNotStarted() {
    int most = 4 * PROCESSORS;
    for (int asked : new int[] {most + 1, 10 * most, 1024}) {
      var opened = Opened.with(OptionalInt.of(Math.min(asked, 1024)));
      if (most < 1024) {
        assertEquals(1, opened.warnings().size(), opened.toString());
        assertTrue(
            opened
                .warnings()
                .getFirst()
                .startsWith("cpu: --threads: expected at most " + most + ", 4 a processor, got "),
            opened.toString());
        // Those of a device that was closed before may be about to end.
        assertTrue(opened.threads() <= 2L * most, opened.toString());
      }
    }
  }

  @Test
  void asManyAsAreUsualAreTakenSilently() {
    assertEquals(List.of(), Opened.with(OptionalInt.empty()).warnings());
    assertEquals(List.of(), Opened.with(OptionalInt.of(1)).warnings());
    assertEquals(List.of(), Opened.with(OptionalInt.of(Math.min(4 * PROCESSORS, 1024))).warnings());
  }
}
