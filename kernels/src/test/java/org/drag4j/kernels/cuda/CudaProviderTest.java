package org.drag4j.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.device.KernelOptions;
import org.drag4j.device.Probe;
import org.drag4j.kernels.cuda.driver.CudaLibraries;
import org.drag4j.kernels.cuda.driver.CudaLibrary;
import org.drag4j.kernels.cuda.driver.FakeCudaDriver;
import org.drag4j.kernels.cuda.driver.LibraryProbe;
import org.drag4j.kernels.cuda.driver.StandInLibraries;
import org.drag4j.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
          "device cuda: expected it to be available, got: libcuda.so.1 not found; install NVIDIA's"
              + " driver",
          e.getMessage());
    }
  }

  @Test
  void devicesTellOfEveryLibraryAndAreOpenedByNumber(@TempDir Path folder) {
    var libraries =
        StandInLibraries.of(
            folder,
            Map.of(
                "libcuda.so.1",
                "int cuDriverGetVersion(int *v) { *v = 13000; return 0; }",
                "libcublasLt.so.13",
                "int cublasLtGetProperty(int p, int *v) { *v = 13 - 6 * p; return 0; }",
                "libcudnn.so.8",
                "int cudnnGetProperty(int p, int *v) { *v = 8 + p; return 0; }"));
    var driver = new FakeCudaDriver(2, 1L << 30, true);
    var provider = new CudaProvider(libraries, _ -> driver);
    var probes = provider.probe();
    assertEquals(List.of("cuda:0", "cuda:1"), probes.stream().map(Probe::device).toList());
    var lines =
        assertInstanceOf(Probe.Available.class, probes.getLast())
            .info()
            .replace(folder + "/", "")
            .lines()
            .toList();
    assertEquals(
        List.of(
            "Fake 1, compute 9.0, 1024 MB, libcuda 13.0 (libcuda.so.1)",
            "cublaslt (linear): cublasLt 13.7.1 (libcublasLt.so.13)",
            "jcublas (linear): libcublas.so.13 and libcublas.so.12 not found; set DRAG4J_CUDA_LIBS"
                + " to the folder that holds it",
            "cudnn (conv2d, attention): expected version 9 or later, got 8.9.10 (libcudnn.so.8);"
                + " the provider jcudnn takes version 8"),
        lines.subList(0, 4));
    assertTrue(
        lines.get(4).startsWith("jcudnn (conv2d): expected all functions of cuDNN 8"),
        lines.get(4));
    try (var backend = provider.open("cuda:1", DeviceOptions.DEFAULT)) {
      assertEquals("cuda:1", backend.device());
    }
    assertEquals(List.of(), driver.leaks());
    assertThrows(
        DeviceException.class, () -> provider.open("cuda:2", DeviceOptions.DEFAULT).close());
    var single = provider.tuningKey("cuda:1", DeviceOptions.DEFAULT).orElseThrow();
    assertTrue(single.startsWith("cuda:1\nFake 1\n") && single.contains("cublasLt 13.7.1"), single);
    var none = OptionalInt.empty();
    var half = provider.tuningKey("cuda:1", new DeviceOptions(none, none, DType.F16));
    assertNotEquals(single, half.orElseThrow());
    var named = new KernelOptions(false, Map.of("linear", "jcublas"));
    try (var backend = provider.open("cuda:1", DeviceOptions.DEFAULT)) {
      var e = assertThrows(DeviceException.class, () -> backend.check(named));
      assertEquals(
          "cuda:1: --kernel linear=jcublas: expected it to be available: libcublas.so.13 and"
              + " libcublas.so.12 not found; set DRAG4J_CUDA_LIBS to the folder that holds it",
          e.getMessage());
    }
    assertEquals(List.of(), driver.leaks());
  }
}
