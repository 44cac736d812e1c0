package org.drag4j.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class DevicesTest {
  @Test
  void anUnknownDeviceIsRefusedWithTheKnownOnes() {
    // No backend is on this module's class path.
    assertEquals(List.of(), Devices.probe());
    assertEquals(List.of(), Devices.kinds());
    assertEquals(List.of(), Devices.probe("cpu"));
    var e = assertThrows(DeviceException.class, () -> Devices.open("gpu", DeviceOptions.DEFAULT));
    assertEquals(
        "device gpu: expected one of , got another name; see drag4j devices", e.getMessage());
  }
}
