package org.drag4j.pipeline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.drag4j.device.NullBackend;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.text.ClipTokenizer;
import org.drag4j.weights.ConfigException;
import org.drag4j.weights.ModelFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which tokenizer a model gets. */
class ModelTokenizerTest {
  @TempDir Path folder;

  /** A model without a tokenizer whose text encoder knows so many tokens. */
  private Path model(String like, int tokens) throws Exception {
    var model = folder.resolve(like + tokens);
    RandomModel.write(
        name -> {
          byte[] file = RequiredTensorsTest.resource(like + "/" + name);
          if (!name.equals("text_encoder/config.json")) {
            return file;
          }
          var text = new String(file, StandardCharsets.UTF_8);
          var more = text.replaceFirst("\"vocab_size\": *\\d+", "\"vocab_size\": " + tokens);
          return more.getBytes(StandardCharsets.UTF_8);
        },
        7,
        model,
        (_, _, _) -> {});
    return model;
  }

  private static ClipTokenizer tokenizer(Path model) {
    try (var pipeline =
        Pipeline.open(ModelFolder.open(model), new NullBackend(), PlanOptions.DEFAULT)) {
      return pipeline.tokenizer();
    }
  }

  private static void write(Path model, String name, String text) throws IOException {
    Files.createDirectories(model.resolve("tokenizer"));
    Files.writeString(model.resolve("tokenizer").resolve(name), text);
  }

  @Test
  void withoutOneItIsClipsWithThePaddingOfTheTextEncoder() throws Exception {
    var sd15 = tokenizer(model("tiny-sd15", 49408));
    assertArrayEquals(ClipTokenizer.openAi().tokenize("a cat!"), sd15.tokenize("a cat!"));
    var sd21 = tokenizer(model("tiny-sd21", 49408));
    assertEquals(0, sd21.padId());
    int[] expected = {49406, 320, 2368, 0, 49407, 0, 0};
    assertArrayEquals(expected, Arrays.copyOf(sd21.tokenize("a cat!"), expected.length));
    var other = model("tiny-sd15", 1114);
    var e = assertThrows(WeightMismatchException.class, () -> tokenizer(other));
    assertTrue(String.valueOf(e.getMessage()).contains("expected a tokenizer"), e.getMessage());
  }

  @Test
  void whatTheFolderSaysOfPaddingAndAddedTokensHolds() throws Exception {
    var model = model("tiny-sd15", 49410);
    write(
        model,
        "tokenizer.json",
        """
        {"model":{"type":"BPE","end_of_word_suffix":"</w>","merges":["a b</w>"],
         "vocab":{"a":0,"b</w>":1,"ab</w>":2,"<|startoftext|>":3,"<|endoftext|>":4,"!":5}}}
        """);
    assertEquals(4, tokenizer(model).padId());
    write(model, "tokenizer_config.json", "{\"pad_token\":\"!\"}");
    assertArrayEquals(
        new int[] {3, 2, 5, 4, 5}, Arrays.copyOf(tokenizer(model).tokenize("ab!"), 5));
    write(model, "added_tokens.json", "{\"<x>\":49409}");
    assertArrayEquals(new int[] {3, 2, 49409, 4}, tokenizer(model).encode("ab <X>"));
    write(model, "tokenizer_config.json", "{\"pad_token\":\"<x>\"}");
    assertEquals(49409, tokenizer(model).padId());
    write(model, "tokenizer_config.json", "{\"pad_token\":\"<y>\"}");
    assertThrows(ConfigException.class, () -> tokenizer(model));
    write(model, "tokenizer_config.json", "{}");
    write(model, "added_tokens.json", "{\"<x>\":49410}");
    var e = assertThrows(WeightMismatchException.class, () -> tokenizer(model));
    assertTrue(String.valueOf(e.getMessage()).contains("at most 49410 tokens"), e.getMessage());
  }
}
