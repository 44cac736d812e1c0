package org.drag4j.kernels.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.drag4j.device.Probe;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said of machines with and without OpenCL devices. */
class DeviceListTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void aDeviceIsNamedWithPlatformDriverAndMemory() {
    var d = OpenClFailureTest.firstDevice();
    var probe = DeviceList.probe(d);
    assertTrue(probe instanceof Probe.Available, probe.toString());
    var line = ((Probe.Available) probe).info();
    for (var part : List.of(d.model(), d.platform(), "driver " + d.driver(), " GB", "extensions")) {
      assertTrue(line.contains(part), line);
    }
    assertTrue(d.name().matches("opencl:\\d+"), d.name());
    var details = new OpenClProvider().details(d.name());
    assertEquals(d.driver(), details.get("driver"));
    assertTrue(String.valueOf(details.get("extensions")).contains("cl_khr_"), details::toString);
  }

  /** Where the loader looks for drivers there is none. */
  @Test
  void aMachineWithoutDriversSaysSo() throws Exception {
    assertTrue(OpenClFailureTest.firstDevice().units() > 0);
    var builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            ProbeUser.class.getName());
    builder.environment().put("OCL_ICD_VENDORS", folder.toString());
    var process = builder.redirectError(folder.resolve("err").toFile()).start();
    var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), Files.readString(folder.resolve("err")));
    assertEquals(1, out.lines().count(), out);
    assertTrue(
        out.startsWith("Unavailable[device=opencl, reason=the OpenCL loader knows of no"), out);
    assertTrue(out.contains("pocl-opencl-icd"), out);
  }
}
