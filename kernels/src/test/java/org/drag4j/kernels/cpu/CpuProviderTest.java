package org.drag4j.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.OptionalInt;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.tensor.DType;
import org.junit.jupiter.api.Test;

final class CpuProviderTest {
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
}
