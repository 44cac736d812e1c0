package org.drag4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.console.Host;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code --kernel} and {@code --no-fusion}: on every verb, obeyed, refused with what there is. */
class KernelFlagsTest {
  private static final String MODEL =
      Path.of("..").toAbsolutePath().normalize().resolve("models/demo").toString();

  private record Outcome(int code, String out, String err) {
    JsonNode json() {
      return new JsonMapper().readTree(out);
    }
  }

  private static Outcome run(List<String> command, String... more) {
    var out = new StringWriter();
    var err = new StringWriter();
    var host = new Host(Map.of(), false, () -> false);
    var commands = Drag4j.commandLine(host);
    commands.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    var args = new ArrayList<>(command);
    args.addAll(List.of("-m", MODEL, "--threads", "1", "--tuned", "off"));
    args.addAll(List.of(more));
    int code = Drag4j.run(commands, host, args.toArray(String[]::new));
    return new Outcome(code, out.toString(), err.toString());
  }

  private static Outcome bench(String... more) {
    return run(
        List.of("bench", "vae-decode", "--size", "64", "--warmup", "0", "--runs", "1"), more);
  }

  @Test
  void everyVerbThatRunsANetworkHasThem() {
    var verbs = new TreeSet<String>();
    Drag4j.commandLine(new Host(Map.of(), false, () -> false))
        .getSubcommands()
        .forEach((verb, line) -> {
          var options = line.getCommandSpec().optionsMap();
          assertNull(options.get("--provider"), verb);
          assertEquals(options.containsKey("--kernel"), options.containsKey("--no-fusion"), verb);
          assertEquals(options.containsKey("--device"), options.containsKey("--kernel"), verb);
          if (options.containsKey("--kernel")) {
            verbs.add(verb);
          }
        });
    var expected =
        List.of("batch", "bench", "demo", "drag", "edit", "generate", "sweep", "tune", "verify");
    assertTrue(verbs.containsAll(expected), verbs.toString());
  }

  /** Names of kernels, by operation and path. */
  private static List<String> kernels(Outcome outcome) {
    assertEquals(0, outcome.code(), outcome.err());
    var names = new ArrayList<String>();
    for (var row : outcome.json().get("kernels")) {
      assertFalse(row.get("path").asString().isEmpty(), row.toString());
      assertTrue(
          row.get("kernel").asString().startsWith(row.get("op").asString() + "_f32_"),
          row.toString());
      names.add(row.get("kernel").asString());
    }
    return names;
  }

  @Test
  void whatIsForcedRunsAndWhatIsSwitchedOffDoesNot() {
    var own = kernels(bench("--json", "--trace"));
    assertTrue(own.stream().anyMatch(k -> k.endsWith("+silu")), own.toString());
    var told =
        kernels(bench("--json", "--trace", "--kernel", "conv2d=direct", "--no-fusion", "all"));
    assertTrue(told.stream().noneMatch(k -> k.contains("+")), told.toString());
    var convolutions = told.stream().filter(k -> k.startsWith("conv2d")).toList();
    assertFalse(convolutions.isEmpty());
    assertTrue(
        convolutions.stream().allMatch(k -> k.startsWith("conv2d_f32_direct_")),
        convolutions.toString());
    assertNull(bench("--json").json().get("kernels"));
  }

  @Test
  void namesAreTriedInTheirOrder() {
    var found =
        kernels(
            bench(
                "--json",
                "--trace",
                "--kernel",
                "conv2d=winograd_f2",
                "--kernel",
                "conv2d=direct"));
    assertTrue(found.stream().anyMatch(k -> k.contains("direct")), found.toString());
    assertTrue(found.stream().noneMatch(k -> k.contains("winograd_f4")), found.toString());
  }

  private static void refused(int code, String message, String... flags) {
    var outcome = bench(flags);
    assertEquals(code, outcome.code(), outcome.err());
    assertTrue(outcome.err().contains(message), outcome.err());
  }

  @Test
  void whatThereIsNotIsRefusedWithWhatThereIs() {
    refused(
        ExitCode.DEVICE,
        "cpu: --kernel conv2d=fourier: expected one of winograd_f2, winograd_f4, direct, got"
            + " fourier",
        "--kernel",
        "conv2d=fourier");
    refused(
        ExitCode.DEVICE,
        "cpu: --kernel softmax=row: expected one of attention, binary, cast, concat, conv2d,"
            + " embedding, geglu, group_norm, layer_norm, linear, timestep_embedding, unary, upsample, got"
            + " softmax",
        "--kernel",
        "softmax=row");
    refused(ExitCode.USAGE, "--kernel: expected OP=NAME", "--kernel", "conv2d");
    refused(
        ExitCode.USAGE,
        "--no-fusion norms: expected one of group_norm_activation, conv2d_epilogue,"
            + " linear_epilogue, all, got norms",
        "--no-fusion",
        "norms");
    var tune = run(List.of("tune"), "--no-fusion", "all");
    assertEquals(ExitCode.USAGE, tune.code(), tune.err());
  }
}
