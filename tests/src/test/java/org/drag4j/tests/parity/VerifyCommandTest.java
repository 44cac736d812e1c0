package org.drag4j.tests.parity;

import static org.drag4j.tests.parity.Recordings.SD15;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.drag4j.tests.parity.Recordings.Rewrite;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code drag4j verify} as a process: its streams and exit codes. */
class VerifyCommandTest {
  @TempDir private Path folder = Path.of("");

  private record Outcome(int code, String out, String err) {}

  @BeforeEach
  void prepare() throws Exception {
    Files.createDirectory(folder.resolve("recordings"));
    Recordings.copy(SD15, folder.resolve("recordings"), "text");
    Files.createDirectory(folder.resolve("recordings/lora"));
  }

  private Outcome verify(String... options) throws IOException, InterruptedException {
    var command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "org.drag4j.cli.Drag4j",
                "verify",
                folder.resolve("recordings").toString(),
                "--threads=1"));
    command.addAll(List.of(options));
    var out = folder.resolve("out").toFile();
    var err = folder.resolve("err").toFile();
    int code = new ProcessBuilder(command).redirectOutput(out).redirectError(err).start().waitFor();
    return new Outcome(code, Files.readString(out.toPath()), Files.readString(err.toPath()));
  }

  @Test
  void oneLineATensorAndATotal() throws Exception {
    var outcome = verify("--exact");
    assertEquals(0, outcome.code(), outcome.err());
    var lines = outcome.out().lines().toList();
    assertEquals(5, lines.size(), outcome.out());
    assertTrue(lines.getFirst().matches("text/text\\.ids +\\[5, 77] .* allowed 0 +ok"));
    assertTrue(lines.get(1).matches("text/text\\.last_hidden_state .* allowed 1\\.00e-05 ok"));
    assertEquals("4 compared, 0 failed, 1 skipped", lines.getLast());
    assertTrue(outcome.err().contains("skipped: lora: "), outcome.err());
  }

  @Test
  void anArrayAndNothingElse() throws Exception {
    new Rewrite()
        .keeping(name -> !name.equals("text.pooled"))
        .scaled("text.penultimate", 1.01)
        .apply(Recordings.file(folder.resolve("recordings"), "text"));
    var outcome = verify("--json");
    assertEquals(1, outcome.code(), outcome.err());
    JsonNode rows = new JsonMapper().readTree(outcome.out());
    assertEquals(4, rows.size());
    for (var row : rows) {
      assertEquals(
          List.of("name", "shape", "relL2", "maxAbs", "allowed", "ok"),
          List.copyOf(row.propertyNames()));
    }
    assertEquals("text/text.last_hidden_state", rows.get(1).get("name").stringValue());
    assertEquals(77, rows.get(1).get("shape").get(1).intValue());
    assertEquals(1e-4, rows.get(1).get("allowed").doubleValue());
    assertTrue(rows.get(1).get("ok").booleanValue());
    assertEquals(0.01 / 1.01, rows.get(2).get("relL2").doubleValue(), 1e-5);
    assertTrue(!rows.get(2).get("ok").booleanValue());
    assertTrue(rows.get(3).get("relL2").isNull());
    assertTrue(rows.get(3).get("maxAbs").isNull());
    assertTrue(!rows.get(3).get("ok").booleanValue());
    assertTrue(outcome.err().contains("4 compared, 2 failed, 1 skipped"), outcome.err());
  }

  @Test
  void damageIsOneLine() throws Exception {
    Files.writeString(folder.resolve("recordings/vae.safetensors"), "nothing of the kind");
    var outcome = verify("--json");
    assertEquals(1, outcome.code());
    assertEquals(0, new JsonMapper().readTree(outcome.out()).size());
    var lines =
        outcome.err().lines().filter(line -> !line.startsWith("WARNING: Using incubator")).toList();
    assertEquals(1, lines.size(), outcome.err());
    assertTrue(lines.getFirst().matches("drag4j: .*vae\\.safetensors: .*expected .*"));
  }

  @Test
  void whatTheDeviceCannotDoIsSaid() throws Exception {
    var outcome = verify("--dtype=f16");
    assertEquals(4, outcome.code(), outcome.err());
    assertTrue(outcome.err().contains("not available"), outcome.err());
    assertEquals("", outcome.out());
  }
}
