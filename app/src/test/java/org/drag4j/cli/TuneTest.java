package org.drag4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.drag4j.cli.console.Host;
import org.drag4j.cli.option.EngineOptions;
import org.drag4j.device.Tuned;
import org.drag4j.tune.TunedFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code drag4j tune} and the commands after it, on the demo model. */
class TuneTest {
  private static final String MODEL =
      Path.of("..").toAbsolutePath().normalize().resolve("models/demo").toString();

  @TempDir Path folder = Path.of("");
  private String tuned = "";

  private record Outcome(int code, String out, String err) {}

  @BeforeEach
  void where() {
    tuned = folder.resolve("records").toString();
  }

  /** Interrupted once what stderr has shown so far is as {@code enough} says. */
  private static Outcome run(Predicate<String> enough, String... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    var host = new Host(Map.of(), false, () -> enough.test(err.toString()));
    var commands = Drag4j.commandLine(host);
    commands.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int code = Drag4j.run(commands, host, args);
    return new Outcome(code, out.toString(), err.toString());
  }

  private Outcome tune(Predicate<String> enough, String... more) {
    var args =
        new ArrayList<>(
            List.of("tune", "-m", MODEL, "--threads", "1", "--size", "64", "--tuned", tuned));
    args.addAll(List.of(more));
    return run(enough, args.toArray(String[]::new));
  }

  private static Outcome bench(String where) {
    var outcome =
        run(
            _ -> false,
            "bench",
            "vae-decode",
            "-m",
            MODEL,
            "--threads",
            "1",
            "--size",
            "64",
            "--warmup",
            "0",
            "--runs",
            "1",
            "--tuned",
            where);
    assertEquals(0, outcome.code(), outcome.err());
    return outcome;
  }

  private static boolean isTuned(Outcome bench) {
    return bench.out().contains("f32 tuned, cpu");
  }

  private int recorded() {
    return options(tuned).tuned().rankings().size();
  }

  private static EngineOptions options(String records) {
    var options = new EngineOptions();
    new CommandLine(options)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .parseArgs("--threads", "1", "--tuned", records);
    return options;
  }

  private static JsonNode json(Outcome outcome) {
    return new JsonMapper().readTree(outcome.out());
  }

  @Test
  void whatWasMeasuredIsUsedByLaterCommands() throws IOException {
    var outcome = tune(_ -> false, "--json", "--seconds", "4");
    assertEquals(0, outcome.code(), outcome.err());
    var shapes = json(outcome).get("shapes");
    assertFalse(shapes.isEmpty());
    for (var shape : shapes) {
      var times = shape.get("ms");
      assertTrue(times.has(shape.get("chosen").asString()), shape.toString());
      times.forEach(ms -> assertTrue(ms.asDouble() > 0, shape.toString()));
    }
    assertEquals(shapes.size(), recorded());
    assertTrue(isTuned(bench(tuned)));
    assertFalse(isTuned(bench("off")));
    var file = Path.of(json(outcome).get("file").asString());
    // Another number of threads is another device.
    var other =
        run(
            _ -> false,
            "tune",
            "-m",
            MODEL,
            "--threads",
            "2",
            "--size",
            "64",
            "--tuned",
            tuned,
            "--seconds",
            "1",
            "--json");
    assertFalse(Path.of(json(other).get("file").asString()).equals(file));
    Files.writeString(file, "nonsense");
    var damaged = bench(tuned);
    assertFalse(isTuned(damaged));
    assertEquals(
        1, damaged.err().lines().filter(line -> line.contains("; ignored")).count(), damaged.err());
  }

  @Test
  void aRecordedKernelRuns() throws IOException {
    var engine = options(tuned);
    var key = "conv2d/1x64x64x48/3x3x3x48/s1/p1-1";
    TunedFile.of(Path.of(tuned), engine.setup().tuningKey().orElseThrow())
        .add(new Tuned(Map.of(key, List.of("direct"))));
    assertEquals(List.of("direct"), engine.tuned().rankings().get(key));
    assertEquals(engine.tuned(), engine.setup().planOptions().kernels().tuned());
    var without = options("off");
    assertEquals(Tuned.NONE, without.setup().planOptions().kernels().tuned());
    assertFalse(
        engine.setup().identity("a").equals(without.setup().identity("a")),
        "kept results are not mixed");
  }

  @Test
  void ctrlCKeepsWhatWasMeasured() throws IOException {
    var outcome =
        tune(
            shown -> shown.contains("\"step\": 2,"),
            "--seconds",
            "3600",
            "--json",
            "--progress",
            "json");
    assertEquals(130, outcome.code(), outcome.err());
    var shapes = json(outcome).get("shapes");
    assertEquals(2, shapes.size());
    assertEquals(2, recorded());
    assertTrue(isTuned(bench(tuned)));
  }

  @Test
  void theTableNamesWhatTheCostModelWouldHaveTaken() {
    var outcome = tune(_ -> false, "--seconds", "2");
    var lines = outcome.out().lines().toList();
    assertEquals("| shape | calls | ms of each | chosen | the cost model's |", lines.getFirst());
    assertTrue(lines.get(2).startsWith("| conv2d/"), outcome.out());
    assertTrue(lines.getLast().endsWith(".txt"), outcome.out());
  }

  @Test
  void aDeviceOrFolderThatWillNotDoIsRefused() {
    assertEquals(2, run(_ -> false, "tune", "-m", MODEL, "--tuned", "off").code());
    assertEquals(2, tune(_ -> false, "--exact").code());
    assertEquals(2, tune(_ -> false, "--seconds", "0").code());
    assertEquals(3, run(_ -> false, "tune", "-m", folder.toString(), "--tuned", tuned).code());
    assertEquals(4, tune(_ -> false, "--device", "abacus").code());
  }
}
