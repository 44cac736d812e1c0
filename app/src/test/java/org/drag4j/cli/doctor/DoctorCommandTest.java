package org.drag4j.cli.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.drag4j.cli.Drag4j;
import org.drag4j.cli.console.AppHome;
import org.drag4j.cli.console.ChildProcess;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.console.Host;
import org.drag4j.device.BackendProvider;
import org.drag4j.device.DeviceException;
import org.drag4j.device.Devices;
import org.drag4j.device.NullBackend;
import org.drag4j.device.Probe;
import org.drag4j.study.DeviceCheck;
import org.drag4j.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class DoctorCommandTest {
  private static final Path HOME = Path.of("..").toAbsolutePath().normalize();

  private record Outcome(int code, String out, String err) {}

  /** With the checks in this process. */
  private static Outcome run(
      Map<String, String> environment, DoctorChild.Opening opening, String... args) {
    return run(
        environment,
        (DoctorCommand.Asking)
            (asked, _, _, lines) -> {
              new DoctorChild(opening, lines).run(asked);
              return "";
            },
        args);
  }

  private static Outcome run(
      Map<String, String> environment, DoctorCommand.Asking asking, String... args) {
    System.setProperty(AppHome.PROPERTY, HOME.toString());
    try {
      var out = new StringWriter();
      var err = new StringWriter();
      var command =
          new CommandLine(new DoctorCommand(new Host(environment, false, () -> false), asking))
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
        List.of(
            "drag4j",
            "system",
            "processor",
            "java",
            "flags",
            "encoding",
            "memory",
            "cache",
            "result")) {
      assertEquals(
          1,
          text.out().lines().filter(l -> l.matches(name + " +\\S.*")).count(),
          () -> name + " in " + text.out());
    }
    assertTrue(text.out().contains("variables   DRAG4J_THREADS=2\n"), text.out());
    assertTrue(
        text.out().matches("(?s).*\\ncpu +ready .*\\n +check f32 +20 of 20 cases right, 20 .*"),
        text.out());
    assertTrue(text.out().contains("model       demo: can be opened"), text.out());
    assertTrue(text.out().endsWith("result      everything that is here works\n"), text.out());
    assertTrue(text.err().contains("cpu f32"), text.err());
    var home = System.getProperty("user.home", "");
    assertFalse(home.length() > 1 && text.out().contains(home + "/"), text.out());
  }

  @Test
  void theEncodingIsReported() {
    DoctorChild.Opening none = (_, _) -> new NullBackend();
    var text = run(Map.of("LC_ALL", "nl_NL.UTF-8", "LANG", "C"), none, "--seconds", "0").out();
    var line = text.lines().filter(l -> l.startsWith("encoding ")).findFirst().orElse("");
    assertTrue(
        line.matches(
            "encoding    \\S+ for arguments and names, \\S+ on stdout, \\S+ on stderr;"
                + " LC_ALL=nl_NL.UTF-8 LANG=C"),
        text);
    assertTrue(line.contains(" " + System.getProperty("sun.jnu.encoding") + " for"), line);
    assertTrue(run(Map.of(), none, "--seconds", "0").out().contains("; no locale set\n"));
  }

  @Test
  void anOldJavaAndAnEncodingOfEnglishLettersAreWarnedOf() {
    var mended = Runtime.Version.parse("25.0.3");
    assertEquals(List.of(), Machine.warnings(mended, "UTF-8"));
    assertEquals(List.of(), Machine.warnings(mended, "ISO-8859-1"));
    assertEquals(List.of(), Machine.warnings(Runtime.Version.parse("26"), "EUC-JP"));
    var old = Machine.warnings(Runtime.Version.parse("25.0.2+10"), "UTF-8");
    assertEquals(1, old.size());
    assertTrue(old.getFirst().startsWith("java: expected 25.0.3 or newer, got 25.0.2+10, which"));
    for (var ascii : List.of("ANSI_X3.4-1968", "US-ASCII", "646")) {
      var lost = Machine.warnings(mended, ascii);
      assertEquals(1, lost.size());
      assertTrue(
          lost.getFirst().startsWith("encoding: expected one for all letters, got " + ascii));
    }
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
    assertEquals(20, cpu.at("/checks/0/cases").size());
    assertTrue(cpu.at("/checks/0/cases/0/kernels/0").asString().startsWith("conv2d"));
    assertTrue(cpu.get("details").has("vectors"));
    assertEquals(0, json.get("problems").size());
    assertEquals(
        Machine.warnings(), json.get("warnings").valueStream().map(JsonNode::asString).toList());
  }

  /** The null device computes nothing, so every answer is wrong. */
  @Test
  void aDeviceThatComputesWronglyIsAFailure() {
    var outcome = run(Map.of(), (_, _) -> new NullBackend(), "--seconds", "0");
    assertEquals(ExitCode.DEVICE, outcome.code());
    assertTrue(outcome.out().contains("check f32   0 of 20 cases right"), outcome.out());
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
        new DeviceFindings(
            new Probe.Available("cuda:0", "a GPU"), new LinkedHashMap<>(), List.of(), "");
    var missing =
        new DeviceFindings(
            new Probe.Unavailable("opencl", "no loader", "install one"),
            new LinkedHashMap<>(),
            List.of(),
            "");
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
        DoctorCommand.summary(new DeviceFindings.Checked(DType.F32, 2, rows, List.of(), "")));
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

  private static final String READY =
      "{\"probes\": [{\"device\": \"x:0\", \"state\": \"ready\", \"info\": \"a GPU\"}]}";

  /** A child that probes well and of a check says these lines before it ends as told. */
  private static DoctorCommand.Asking saying(String end, String... said) {
    return (args, _, _, lines) -> {
      if (args.getFirst().equals(DoctorChild.PROBE)) {
        List.of(READY, "{\"over\": \"\"}").forEach(lines);
        return "";
      }
      List.of(said).forEach(lines);
      return end;
    };
  }

  @Test
  void aChildThatDiesSaysWhatItWasDoing() {
    var ended = "expected an orderly end, got SIGABRT";
    var details = "{\"details\": {\"driver\": \"1.2\"}}";
    var single = "{\"dtype\": \"f32\"}";
    var half = "{\"dtype\": \"f16\"}";
    var operation = "{\"case\": \"conv2d\"}";
    var right =
        "{\"check\": {\"dtype\": \"f32\", \"seconds\": 1.5, \"warnings\": [], \"cases\": ["
            + "{\"name\": \"conv2d\", \"runs\": 2, \"kernels\": [\"k\"], \"relL2\": 1e-7}]}}";
    var over = "{\"over\": \"\"}";
    String x = "PROBLEM     x:0";
    assertDies(x + ": between its checks: " + ended, ended);
    assertDies(x + " f32: cannot be checked: " + ended, ended, details, single);
    assertDies(x + " f32: cannot be checked: conv2d: " + ended, ended, single, operation);
    var later =
        assertDies(x + " f16: cannot be checked: " + ended, ended, details, single, right, half);
    assertTrue(
        later
            .out()
            .contains("check f32   1 of 1 cases right, 2 runs in 1.5 s, largest error 1.0e-07"),
        later.out());
    assertTrue(later.out().contains("  driver      1.2\n"), later.out());
    assertDies(x + ": when all was done: " + ended, ended, single, right, over);
    // A driver may call exit as well.
    assertDies(
        x + ": between its checks: expected an answer, got an end in the middle of it",
        "",
        single,
        right);
  }

  private static Outcome assertDies(String problem, String end, String... said) {
    var outcome = run(Map.of(), saying(end, said));
    assertEquals(ExitCode.DEVICE, outcome.code(), outcome.out());
    assertTrue(outcome.out().lines().anyMatch(problem::equals), outcome.out());
    return outcome;
  }

  @Test
  void aKindWhoseDriverDiesIsAFailure() {
    var outcome = run(Map.of(), (DoctorCommand.Asking) (_, _, _, _) -> "exit code 3", "--json");
    assertEquals(ExitCode.DEVICE, outcome.code());
    var json = new JsonMapper().readTree(outcome.out());
    assertTrue(json.get("problems").size() > 1, outcome.out());
    assertTrue(
        json.get("devices")
            .valueStream()
            .anyMatch(d ->
                d.get("device").asString().equals("cpu")
                    && d.get("failure").asString().equals("asked for its devices: exit code 3")),
        outcome.out());
  }

  /** Real processes and real signals: whatever its drivers do, the report is printed whole. */
  @Test
  void driversThatAbortCrashOrExitTakeOnlyTheirOwnProcessAlong(@TempDir Path folder)
      throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "signals are tested on Unix");
    var services = Files.createDirectories(folder.resolve("META-INF").resolve("services"));
    Files.writeString(
        services.resolve(BackendProvider.class.getName()), RudeProvider.class.getName() + "\n");
    var command =
        new ArrayList<>(ChildProcess.java(Drag4j.class, List.of("doctor", "--seconds=0")));
    int at = command.indexOf("-cp") + 1;
    command.set(at, folder + File.pathSeparator + command.get(at));
    command.add(1, "-D" + AppHome.PROPERTY + "=" + HOME);
    var builder = new ProcessBuilder(command);
    builder
        .redirectError(folder.resolve("err").toFile())
        .redirectOutput(folder.resolve("out").toFile());
    builder.environment().put("OCL_ICD_VENDORS", folder.toString());
    int code = builder.start().waitFor();
    var out = Files.readString(folder.resolve("out"));
    assertEquals(ExitCode.DEVICE, code, out + Files.readString(folder.resolve("err")));
    var problems =
        out.lines().filter(l -> l.startsWith("PROBLEM ")).map(l -> l.substring(12)).toList();
    assertEquals(
        List.of(
            "rude:abort f32: cannot be checked: expected an orderly end, got SIGABRT (exit code"
                + " 134); it said: ld: not found",
            "rude:exit f32: cannot be checked: expected an answer, got an end in the middle of it"),
        problems.stream().filter(p -> !p.contains("segv")).toList(),
        out);
    assertTrue(
        problems.stream()
            .anyMatch(p ->
                p.startsWith(
                        "rude:segv f32: cannot be checked: expected an orderly end, got exit code"
                            + " 1; it said: SIGSEGV (0xb) at pc=")
                    && p.contains(", in ")),
        out);
    assertTrue(out.matches("(?s).*\\ncpu +ready .*\\n +check f32 +20 of 20 cases right.*"), out);
  }

  @ParameterizedTest
  @CsvSource({"-1", "NaN", "4000"})
  void secondsAreBounded(String seconds) {
    var outcome = run(Map.of(), Devices::open, "--seconds=" + seconds);
    assertEquals(ExitCode.USAGE, outcome.code());
    assertTrue(outcome.err().contains("--seconds: expected 0 to 3600"), outcome.err());
  }

  @Test
  void anotherProgramOfOursRunsWithTheFlagsOfThisOne() {
    var heard = new CopyOnWriteArrayList<String>();
    var command = ChildProcess.java(DoctorChild.class, List.of("probe", "cpu"));
    assertTrue(command.contains("--enable-native-access=ALL-UNNAMED"), command::toString);
    assertFalse(command.stream().anyMatch(flag -> flag.startsWith("-javaagent")));
    assertEquals(
        "",
        ChildProcess.run(
            command, Duration.ofMinutes(5), () -> false, DoctorChild.MARK, heard::add));
    assertTrue(heard.getFirst().startsWith("{\"probes\":[{\"device\":\"cpu\""), heard::toString);
    assertEquals("{\"over\":\"\"}", heard.getLast());
  }
}
