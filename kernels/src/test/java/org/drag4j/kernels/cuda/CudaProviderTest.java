package org.drag4j.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.device.Probe;
import org.drag4j.kernels.cuda.driver.CudaLibraries;
import org.drag4j.kernels.cuda.driver.CudaLibrary;
import org.drag4j.kernels.cuda.driver.LibraryProbe;
import org.junit.jupiter.api.Test;

class CudaProviderTest {
  @Test
  void withoutADriverOneLineSaysSoAndEveryNameOfADeviceIsAnsweredWithIt() {
    assumeTrue(
        CudaLibraries.ofThisMachine().find(CudaLibrary.DRIVER) instanceof LibraryProbe.Missing,
        "there is a driver");
    var provider = new CudaProvider();
    assertEquals(1, provider.probe().size());
    var probe = assertInstanceOf(Probe.Unavailable.class, provider.probe().getFirst());
    assertEquals("cuda", probe.device());
    assertEquals("libcuda.so.1 not found", probe.reason());
    assertEquals("install NVIDIA's driver", probe.hint());
    var details = provider.details("cuda:0");
    assertEquals("missing: libcuda.so.1 not found", details.get("libcuda"));
    assertEquals(CudaLibrary.values().length, details.size());
    for (var name : new String[] {"cuda", "cuda:0", "cuda:7"}) {
      var e = assertThrows(DeviceException.class, () -> Devices.open(name, DeviceOptions.DEFAULT));
      assertEquals(
          "device cuda: unavailable: libcuda.so.1 not found; install NVIDIA's driver",
          e.getMessage());
    }
  }
}
