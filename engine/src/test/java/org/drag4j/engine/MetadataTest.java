package org.drag4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.drag4j.method.Documents;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MetadataTest {
  private static String line(String prompt, String method) {
    String json =
        """
        {"format": "drag-edit/1", "image": {"file": "a.png"}, "prompt": "%s", "method": %s,
         "drags": [{"handle": {"rectangle": [0,0,9,9]}, "target": {"rectangle": [9,9,9,9]}}]}\
        """
            .formatted(prompt, method);
    var document = Documents.parse("x", json.getBytes(StandardCharsets.UTF_8));
    return String.valueOf(
        Metadata.of(document, Path.of("models/sd15"), "64x48", Map.of()).get("parameters"));
  }

  /** The lines of the version before the parameters had labels. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "{} | Steps: 20, Sampler: RegionDrag encode then cp, CFG scale: 1, Seed: 42, Size: 64x48,"
            + " Model: sd15, Denoising strength: 0.5, Handle noise: 1",
        "{'steps': 7, 'variant': 'cp-then-encode', 'guidance': 2.5, 'start': 0, 'handleNoise': 0.6}"
            + " | Steps: 7, Sampler: RegionDrag cp then encode, CFG scale: 2.5, Seed: 42, Size:"
            + " 64x48, Model: sd15, Denoising strength: 0, Handle noise: 0.6"
      })
  void theLineOfParameters(String method, String values) {
    assertEquals(
        "a cat\n" + values + ", Version: " + Metadata.version(),
        line("a cat", method.replace('\'', '"')));
  }

  @Test
  void theNegativePromptHasALineOfItsOwn() {
    String line = line("", "{\"negativePrompt\": \"a dog\"}");
    assertTrue(line.startsWith("\nNegative prompt: a dog\nSteps: 20, Sampler:"), line);
  }
}
