package org.drag4j.weights;

import static org.drag4j.weights.TestFiles.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFolderTest {
  @TempDir Path folder;

  private ModelFolder model(String weights) {
    TestFiles.text(folder.resolve("unet").resolve("config.json"), "{\"in_channels\":4}");
    TestFiles.write(folder.resolve("unet").resolve(weights), Map.of("a", Shape.of(2)));
    return ModelFolder.open(folder);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "diffusion_pytorch_model.safetensors",
        "diffusion_pytorch_model.fp16.safetensors",
        "model.safetensors",
        "model.fp16.safetensors"
      })
  void findsWeightsUnderAllUsualNames(String weights) {
    try (var unet = model(weights).component("unet")) {
      assertEquals(4, unet.config().integer("in_channels"));
      assertEquals(Set.of("a"), unet.weights().names());
      assertEquals(folder.resolve("unet"), unet.folder());
      assertTrue(unet.weights().origin().endsWith(weights));
    }
  }

  @Test
  void findsAShardedNetwork() {
    var model = model("shard.safetensors");
    TestFiles.text(
        folder.resolve("unet").resolve("diffusion_pytorch_model.safetensors.index.json"),
        "{\"weight_map\":{\"a\":\"shard.safetensors\"}}");
    try (var unet = model.component("unet")) {
      assertTrue(unet.weights().entry("a").isPresent());
    }
  }

  @Test
  void aDiffusionTransformerIsCalledOne() {
    TestFiles.text(folder.resolve("transformer").resolve("config.json"), "{}");
    var other = assertThrows(ConfigException.class, () -> ModelFolder.open(folder));
    assertTrue(message(other).contains("got a diffusion transformer, which"), message(other));
  }

  @Test
  void saysWhatIsMissing() {
    missing(() -> ModelFolder.open(folder.resolve("x")), "got nothing of that name");
    missing(() -> ModelFolder.open(folder), "got an empty folder");
    var file = TestFiles.text(folder.resolve("x.ckpt"), "");
    missing(() -> ModelFolder.open(file), "got a file");
    missing(() -> ModelFolder.open(folder), "got x.ckpt");
    var model = model("model.safetensors");
    missing(() -> model.component("vae"), "expected a folder vae, got unet, x.ckpt");
    missing(model::schedulerConfig, "expected a folder scheduler");
    TestFiles.text(folder.resolve("scheduler").resolve("x"), "");
    missing(model::schedulerConfig, "scheduler_config.json: expected a file");
    TestFiles.text(folder.resolve("vae").resolve("notes.txt"), "");
    missing(() -> model.component("vae"), "config.json: expected a file");
    TestFiles.text(folder.resolve("vae").resolve("config.json"), "{}");
    missing(
        () -> model.component("vae"),
        "expected weights in diffusion_pytorch_model.safetensors or diffusion_pytorch_model.fp16"
            + ".safetensors or model.safetensors or model.fp16.safetensors, got config.json,"
            + " notes.txt; fetch the missing file");
    TestFiles.text(folder.resolve("vae").resolve("diffusion_pytorch_model.bin"), "");
    missing(() -> model.component("vae"), "convert them to safetensors");
  }

  private static void missing(Executable use, String expected) {
    var e = assertThrows(ModelNotFoundException.class, use);
    assertTrue(message(e).contains(expected), message(e) + "\nexpected: " + expected);
  }

  @Test
  void theTokenizerIsOptionalButWhole() {
    var model = model("model.safetensors");
    assertEquals(Optional.empty(), model.vocabulary());
    assertEquals(Optional.empty(), model.padToken());
    var tokenizer = folder.resolve("tokenizer");
    TestFiles.text(tokenizer.resolve("vocab.json"), "{\"ab\":0}");
    missing(model::vocabulary, "merges.txt: expected a file");
    TestFiles.text(tokenizer.resolve("merges.txt"), "a b\n");
    assertEquals(1, model.vocabulary().orElseThrow().merges().size());
    TestFiles.text(
        tokenizer.resolve("tokenizer_config.json"), "{\"pad_token\":{\"content\":\"!\"}}");
    assertEquals(Optional.of("!"), model.padToken());
    TestFiles.text(tokenizer.resolve("special_tokens_map.json"), "{\"pad_token\":\"<end>\"}");
    assertEquals(Optional.of("<end>"), model.padToken());
  }

  @Test
  void aTokenizerOfOneFileIsRead() {
    var model = model("model.safetensors");
    var tokenizer = folder.resolve("tokenizer");
    TestFiles.text(
        tokenizer.resolve("tokenizer.json"),
        """
        {"added_tokens":[{"id":1,"content":"<x>"}],"padding":{"pad_token":"ab"},
         "model":{"type":"BPE","end_of_word_suffix":"</w>","vocab":{"ab":0},"merges":[["a","b"]]}}
        """);
    assertEquals(Map.of("ab", 0), model.vocabulary().orElseThrow().tokens());
    assertEquals(Map.of("<x>", new AddedToken(1, true, false)), model.addedTokens());
    assertEquals(Optional.of("ab"), model.padToken());
    TestFiles.text(
        tokenizer.resolve("tokenizer_config.json"),
        """
        {"pad_token":"!","added_tokens_decoder":{"1":{"content":"<x>"},"2":{"content":"<y>"}}}
        """);
    assertEquals(Optional.of("!"), model.padToken());
    assertEquals(Set.of("<x>", "<y>"), model.addedTokens().keySet());
    TestFiles.text(tokenizer.resolve("added_tokens.json"), "{\"<z>\":3}");
    assertEquals(Set.of("<x>", "<y>", "<z>"), model.addedTokens().keySet());
    TestFiles.text(tokenizer.resolve("added_tokens.json"), "{\"<y>\":3}");
    var e = assertThrows(ConfigException.class, model::addedTokens);
    assertTrue(message(e).contains("token \"<y>\": expected the number 2"), message(e));
  }

  @Test
  void aTokenizerOfAnotherKindIsNotTakenForNone() {
    var model = model("model.safetensors");
    TestFiles.text(folder.resolve("tokenizer").resolve("tokenizer_config.json"), "{}");
    assertEquals(Optional.empty(), model.vocabulary());
    TestFiles.text(folder.resolve("tokenizer").resolve("spiece.model"), "");
    var e = assertThrows(ConfigException.class, model::vocabulary);
    assertTrue(message(e).contains("expected CLIP's tokenizer"), message(e));
  }

  @Test
  void aCachedRepositoryIsItsMainSnapshot() throws IOException {
    var cache = folder.resolve("models--x--y");
    var snapshots = cache.resolve("snapshots");
    missing(() -> ModelFolder.open(Files.createDirectories(cache)), "got an empty folder");
    TestFiles.text(snapshots.resolve("0a1b").resolve("model_index.json"), "{}");
    assertEquals(snapshots.resolve("0a1b"), ModelFolder.open(cache).path());
    TestFiles.text(snapshots.resolve("2c3d").resolve("model_index.json"), "{}");
    missing(() -> ModelFolder.open(cache), "expected refs/main or one snapshot, got 0a1b, 2c3d");
    TestFiles.text(cache.resolve("refs").resolve("main"), "2c3d\n");
    assertEquals(snapshots.resolve("2c3d"), ModelFolder.open(cache).path());
    for (var wrong : List.of("4e5f", "..", "../../x", "", "2c3d/unet")) {
      TestFiles.text(cache.resolve("refs").resolve("main"), wrong);
      missing(() -> ModelFolder.open(cache), "refs/main: expected the name of a folder in");
    }
    missing(() -> ModelFolder.open(folder), "name one of the folders models--...");
  }

  @Test
  void aLinkToNothingIsCalledOne() throws IOException {
    var model = model("shard.safetensors");
    var away = folder.resolve("blobs").resolve("0");
    for (var name :
        List.of(
            "vae",
            "tokenizer",
            "tokenizer/vocab.json",
            "tokenizer/tokenizer.json",
            "tokenizer/added_tokens.json",
            "model_index.json",
            "unet/diffusion_pytorch_model.safetensors")) {
      var link = folder.resolve(name);
      Files.createDirectories(link.resolveSibling("."));
      Files.createSymbolicLink(link, away);
      var expected = name + ": expected a file, got a link to \"" + away + "\", where nothing is";
      missing(
          () -> {
            model.index();
            model.addedTokens();
            model.vocabulary();
            try (var _ = model.component(name.substring(0, name.indexOf('/') < 0 ? 3 : 4))) {
              throw new AssertionError(name);
            }
          },
          expected);
      Files.delete(link);
    }
    var link = Files.createSymbolicLink(folder.resolve("model"), away);
    missing(() -> ModelFolder.open(link), "got a link to");
  }

  @Test
  void olderNamesAreTranslatedForTheirComponents() throws IOException {
    model("model.safetensors");
    TestFiles.text(folder.resolve("vae").resolve("config.json"), "{}");
    TestFiles.write(
        folder.resolve("vae").resolve("diffusion_pytorch_model.safetensors"),
        Map.of("decoder.mid_block.attentions.0.proj_attn.weight", Shape.of(2, 2, 1, 1)));
    TestFiles.text(folder.resolve("text_encoder").resolve("config.json"), "{}");
    TestFiles.write(
        folder.resolve("text_encoder").resolve("model.safetensors"),
        Map.of("final_layer_norm.weight", Shape.of(2)));
    var model = ModelFolder.open(folder);
    try (var vae = model.component("vae");
        var text = model.component("text_encoder")) {
      assertEquals(Set.of("decoder.mid_block.attentions.0.to_out.0.weight"), vae.weights().names());
      assertEquals(Set.of("text_model.final_layer_norm.weight"), text.weights().names());
    }
    Files.delete(folder.resolve("vae").resolve("config.json"));
    missing(() -> model.component("vae"), "vae");
  }

  @Test
  void infoOfOneFile() {
    var file = TestFiles.write(folder.resolve("w.safetensors"), Map.of("a", Shape.of(2, 3)));
    var info = ModelInfo.read(file);
    var part = new ModelInfo.Part("w.safetensors", Map.of(), 1, 6, Map.of(DType.F32, 1), 24);
    assertEquals(List.of(part), info.parts());
    assertEquals(24, info.bytes());
  }
}
