package org.drag4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.drag4j.device.DeviceException;
import org.drag4j.device.Devices;
import org.drag4j.device.NullBackend;
import org.drag4j.device.Probe;
import org.drag4j.report.DeviceCheck;
import org.drag4j.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import tools.jackson.databind.json.JsonMapper;

class DoctorCommandTest {
  private static final Path HOME = Path.of("..").toAbsolutePath().normalize();

  private record Outcome(int code, String out, String err) {}

  private static Outcome run(
      Map<String, String> environment, DoctorCommand.Opening opening, String... args) {
    System.setProperty(AppHome.PROPERTY, HOME.toString());
    try {
      var out = new StringWriter();
      var err = new StringWriter();
      var command =
          new CommandLine(new DoctorCommand(new Host(environment, false, () -> false), opening))
              .setCaseInsensitiveEnumValuesAllowed(true);
      command.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
      return new Outcome(command.execute(args), out.toString(), err.toString());
    } finally {
      System.clearProperty(AppHome.PROPERTY);
    }
  }

  @Test
  void aHealthyMachineIsSaidToBe() {
    var text = run(Map.of("DRAG4J_THREADS", "2"), Devices::open, "--seconds", "0");
    assertEquals(0, text.code(), text.out());
    for (var name :
        List.of("drag4j", "system", "processor", "java", "flags", "memory", "cache", "result")) {
      assertEquals(
          1,
          text.out().lines().filter(l -> l.matches(name + " +\\S.*")).count(),
          () -> name + " in " + text.out());
    }
    assertTrue(text.out().contains("variables   DRAG4J_THREADS=2\n"), text.out());
    assertTrue(
        text.out().matches("(?s).*\\ncpu +ready .*\\n +check f32 +19 of 19 cases right, 19 .*"),
        text.out());
    assertTrue(text.out().contains("model       demo: can be opened"), text.out());
    assertTrue(text.out().endsWith("result      everything that is here works\n"), text.out());
    assertTrue(text.err().contains("cpu f32"), text.err());
    var home = System.getProperty("user.home", "");
    assertFalse(home.length() > 1 && text.out().contains(home + "/"), text.out());
  }

  @Test
  void jsonSaysTheSame() {
    var outcome = run(Map.of(), Devices::open, "--seconds", "0", "--json", "--progress", "none");
    assertEquals(0, outcome.code());
    assertEquals("", outcome.err());
    var json = new JsonMapper().readTree(outcome.out());
    assertTrue(json.get("ok").asBoolean());
    assertTrue(json.at("/machine/processor").asString().contains("processors"));
    var cpu =
        json.get("devices")
            .valueStream()
            .filter(d -> d.get("device").asString().equals("cpu"))
            .findFirst()
            .orElseThrow();
    assertEquals(19, cpu.at("/checks/0/cases").size());
    assertTrue(cpu.at("/checks/0/cases/0/kernels/0").asString().startsWith("conv2d"));
    assertTrue(cpu.get("details").has("vectors"));
    assertEquals(0, json.get("problems").size());
  }

  /** The null device computes nothing, so every answer is wrong. */
  @Test
  void aDeviceThatComputesWronglyIsAFailure() {
    var outcome = run(Map.of(), (_, _) -> new NullBackend(), "--seconds", "0");
    assertEquals(ExitCode.DEVICE, outcome.code());
    assertTrue(outcome.out().contains("check f32   0 of 19 cases right"), outcome.out());
    assertTrue(
        outcome.out().contains("PROBLEM     cpu f32: linear: expected an error of at most"),
        outcome.out());
    assertFalse(outcome.out().contains("result "), outcome.out());
  }

  @Test
  void aDeviceThatCannotBeOpenedIsAFailure() {
    var outcome =
        run(
            Map.of(),
            (_, _) -> {
              throw new DeviceException("context: expected to open, got 999");
            },
            "--seconds",
            "0",
            "--json");
    assertEquals(ExitCode.DEVICE, outcome.code());
    var json = new JsonMapper().readTree(outcome.out());
    assertFalse(json.get("ok").asBoolean());
    assertTrue(
        json.at("/problems/0").asString().endsWith("context: expected to open, got 999"),
        outcome.out());
  }

  @Test
  void aModelThatIsNotThereIsAFailure() {
    var outcome = run(Map.of("DRAG4J_MODEL", "/nowhere/sd15"), Devices::open, "--seconds", "0");
    assertEquals(ExitCode.MODEL, outcome.code(), outcome.out());
    assertTrue(
        outcome.out().contains("PROBLEM     model DRAG4J_MODEL: damaged or missing: /nowhere/sd15"),
        outcome.out());
  }

  @Test
  void theDeviceThatIsWantedMustBeThere() {
    var ready =
        new DoctorCommand.Device(
            new Probe.Available("cuda:0", "a GPU"), new LinkedHashMap<>(), List.of());
    var missing =
        new DoctorCommand.Device(
            new Probe.Unavailable("opencl", "no loader", "install one"),
            new LinkedHashMap<>(),
            List.of());
    var devices = List.of(ready, missing);
    assertEquals(List.of(), DoctorCommand.problems(devices, Optional.empty()));
    assertEquals(List.of(), DoctorCommand.problems(devices, Optional.of("cuda")));
    assertEquals(
        List.of("DRAG4J_DEVICE: expected a device that is ready, got opencl"),
        DoctorCommand.problems(devices, Optional.of("opencl")));
  }

  @Test
  void summariesCountCases() {
    var rows =
        List.of(
            new DeviceCheck.Row("linear", List.of("gemm"), 3, 2e-7, ""),
            new DeviceCheck.Row("add", List.of("add"), 1, 0.5, "wrong"));
    assertEquals(
        "1 of 2 cases right, 4 runs in 2.0 s, largest error 5.0e-01",
        DoctorCommand.summary(new DoctorCommand.Checked(DType.F32, 2, rows, List.of(), "")));
  }

  @ParameterizedTest
  @CsvSource({
    "/home/ann/x, ~/x",
    "a /home/ann b, a ~ b",
    "-Dx=/home/ann/y, -Dx=~/y",
    "/home/anna/x, /home/anna/x",
    "/mnt/home/ann/x, /mnt/home/ann/x"
  })
  void theUsersFolderIsLeftOut(String text, String expected) {
    assertEquals(expected, DoctorCommand.withoutHome(text, "/home/ann"));
    assertEquals(text, DoctorCommand.withoutHome(text, "/"));
  }

  @ParameterizedTest
  @CsvSource({"-1", "NaN", "4000"})
  void secondsAreBounded(String seconds) {
    var outcome = run(Map.of(), Devices::open, "--seconds=" + seconds);
    assertEquals(ExitCode.USAGE, outcome.code());
    assertTrue(outcome.err().contains("--seconds: expected 0 to 3600"), outcome.err());
  }
}
