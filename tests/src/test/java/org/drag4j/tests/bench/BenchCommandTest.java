package org.drag4j.tests.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightSource.Entry;
import org.drag4j.weights.Safetensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** {@code drag4j bench} as a process. */
class BenchCommandTest {
  private static final Path MODEL = Path.of("..", "models", "demo");

  @TempDir private Path folder = Path.of("");

  private record Outcome(int code, String out, String err) {}

  private Outcome drag4j(String input, String... arguments)
      throws IOException, InterruptedException {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "-Djava.awt.headless=true",
                "-cp",
                System.getProperty("java.class.path"),
                "org.drag4j.cli.Drag4j"));
    command.addAll(List.of(arguments));
    var in = Files.writeString(folder.resolve("in"), input).toFile();
    var out = folder.resolve("out").toFile();
    var err = folder.resolve("err").toFile();
    int code =
        new ProcessBuilder(command)
            .redirectInput(in)
            .redirectOutput(out)
            .redirectError(err)
            .start()
            .waitFor();
    return new Outcome(code, Files.readString(out.toPath()), Files.readString(err.toPath()));
  }

  private Outcome bench(String input, String what, String... options)
      throws IOException, InterruptedException {
    var all = new ArrayList<>(List.of("bench", what, "--model", MODEL.toString(), "--threads=1"));
    all.addAll(List.of("--size=64", "--warmup=0"));
    all.addAll(List.of(options));
    return drag4j(input, all.toArray(String[]::new));
  }

  @ParameterizedTest
  @ValueSource(strings = {"unet", "vae-encode", "vae-decode", "text", "edit"})
  void oneObjectAndNothingElse(String what) throws Exception {
    var outcome = bench("", what, "--runs=1", "--json");
    assertEquals(0, outcome.code(), outcome.err());
    var json = new JsonMapper().readTree(outcome.out());
    assertEquals(
        List.of(
            "what",
            "device",
            "threads",
            "size",
            "batch",
            "dtype",
            "exact",
            "runs",
            "minMs",
            "medianMs",
            "p5Ms",
            "p95Ms",
            "peakRssBytes",
            "commit"),
        List.copyOf(json.propertyNames()));
    assertEquals(what, json.get("what").stringValue());
    assertEquals(1, json.get("threads").intValue());
    assertTrue(json.get("minMs").doubleValue() > 0, outcome.out());
    assertTrue(
        json.get("peakRssBytes").longValue() > 0 || outcome.err().contains("peak memory"),
        outcome.out());
  }

  @Test
  void markdownWithKernels() throws Exception {
    var outcome = bench("", "unet", "--runs=2", "--batch=2");
    assertEquals(0, outcome.code(), outcome.err());
    var lines = outcome.out().lines().toList();
    assertTrue(
        lines.get(2).startsWith("| unet, 64x64, batch 2, f32, cpu, 1 threads"), lines.get(2));
    assertTrue(outcome.out().contains("\n| conv2d_f32_"), outcome.out());
    assertTrue(lines.getLast().startsWith("| all "), outcome.out());
  }

  @Test
  void servesARunALine() throws Exception {
    var outcome = bench("\n\n\n", "text", "--serve", "--json");
    assertEquals(0, outcome.code(), outcome.err());
    var lines = outcome.out().lines().toList();
    assertEquals(4, lines.size(), outcome.out());
    for (var line : lines.subList(0, 3)) {
      assertTrue(Double.parseDouble(line) > 0, line);
    }
    assertEquals(3, new JsonMapper().readTree(lines.getLast()).get("runs").intValue());
    assertEquals("", bench("", "text", "--serve", "--json").out());
  }

  @Test
  void savesWhatWasComputed() throws Exception {
    var file = folder.resolve("unet.safetensors");
    assertEquals(0, bench("", "unet", "--runs=1", "--save=" + file).code());
    try (var saved = Safetensors.open(file)) {
      assertEquals(
          Set.of("sample", "timestep", "encoder_hidden_states", "out_sample"), saved.names());
      assertEquals(
          new Entry(Shape.of(1, 4, 8, 8), DType.F32), saved.entry("out_sample").orElseThrow());
    }
  }

  @Test
  void sizesTheModelDoesNotTake() throws Exception {
    for (var bad : List.of("edit --size=1024", "edit --batch=2", "unet --size=12")) {
      var words = bad.split(" ", -1);
      var outcome = drag4j("", "bench", "--model=" + MODEL, words[0], words[1]);
      assertEquals(1, outcome.code(), outcome.err());
      assertEquals("", outcome.out());
      assertTrue(outcome.err().matches("(?s).*drag4j: (size|batch): expected [^\\n]*\\n"));
    }
  }

  @Test
  void tracesOnRequest() throws Exception {
    var outcome =
        drag4j(
            "",
            "generate",
            "-p=x",
            "--model=" + MODEL,
            "--steps=1",
            "-W=64",
            "-H=64",
            "--trace",
            "-o",
            folder.resolve("x.png").toString());
    assertEquals(0, outcome.code(), outcome.err());
    assertEquals(1, outcome.out().lines().count(), outcome.out());
    assertTrue(outcome.err().contains("\n| attention_f32_"), outcome.err());
  }
}
