package org.drag4j.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.drag4j.edit.EditDocument;
import org.drag4j.edit.Picture;
import org.drag4j.edit.TextToImage;
import org.drag4j.edit.TextToImage.Sampler;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code drag4j generate}: a picture from a prompt. */
@Command(
    name = "generate",
    description = "Make a picture from a prompt.",
    mixinStandardHelpOptions = true)
final class GenerateCommand implements Callable<Integer> {
  private static final int MAX_SIDE = 4096;
  private static final int MAX_STEPS = 1000;
  private static final double MAX_GUIDANCE = 100;
  private static final int MAX_PROMPT = 16_384;

  private final Host host;

  @Spec CommandSpec spec = CommandSpec.create();

  @Option(
      names = {"-p", "--prompt"},
      required = true,
      paramLabel = "TEXT",
      description = "What the picture shows.")
  String prompt = "";

  @Option(
      names = {"-n", "--negative-prompt"},
      paramLabel = "TEXT",
      description = "What it does not.")
  String negative = "";

  @Option(
      names = "--cfg-scale",
      paramLabel = "X",
      defaultValue = "7.5",
      description = "Guidance: weight of the prompt. Default: ${DEFAULT-VALUE}.")
  double guidance;

  @Option(
      names = "--sampler",
      paramLabel = "ddim|dpmpp2m",
      defaultValue = "dpmpp2m",
      description = "Default: ${DEFAULT-VALUE}.")
  Sampler sampler = Sampler.DPMPP2M;

  @Option(
      names = {"-W", "--width"},
      paramLabel = "N",
      description = "In pixels, a multiple of 8. Default: the model's own.")
  Optional<Integer> width = Optional.empty();

  @Option(
      names = {"-H", "--height"},
      paramLabel = "N",
      description = "In pixels, a multiple of 8. Default: the model's own.")
  Optional<Integer> height = Optional.empty();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "OUT.png",
      defaultValue = "generated.png",
      description = "The picture. Default: ${DEFAULT-VALUE}.")
  Path out = Path.of("");

  @Option(
      names = {"-s", "--seed"},
      paramLabel = "N",
      description = "Of all random numbers. Default: ${DEFAULT-VALUE}.",
      defaultValue = "" + EditDocument.DEFAULT_SEED)
  long seed;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "20",
      description = "Default: ${DEFAULT-VALUE}.")
  int steps;

  @Mixin final ModelOption model = new ModelOption();
  @Mixin final EngineOptions engine = new EngineOptions();
  @Mixin final OutputOptions show = new OutputOptions();
  @Mixin final MetadataOption metadata = new MetadataOption();

  GenerateCommand(Host host) {
    this.host = host;
  }

  @Override
  public Integer call() throws Exception {
    engine.check(spec);
    requireSide("--width", width);
    requireSide("--height", height);
    require("--steps", "1 to " + MAX_STEPS, steps, steps >= 1 && steps <= MAX_STEPS);
    require(
        "--cfg-scale",
        "0 to " + (int) MAX_GUIDANCE,
        guidance,
        guidance >= 0 && guidance <= MAX_GUIDANCE);
    require("--seed", "at least 0", seed, seed >= 0);
    int longest = Math.max(prompt.length(), negative.length());
    require("--prompt", "at most " + MAX_PROMPT + " characters", longest, longest <= MAX_PROMPT);
    EditRun.requireOutput(spec, out);
    try (var progress = show.progress(spec, host)) {
      var picture =
          engine.run(
              EngineOptions.required(model.folder),
              progress,
              pipeline ->
                  TextToImage.generate(
                      pipeline,
                      new TextToImage.Options(
                          prompt,
                          negative,
                          width.orElse(pipeline.nativeSize()),
                          height.orElse(pipeline.nativeSize()),
                          steps,
                          guidance,
                          sampler,
                          seed),
                      progress));
      EditRun.save(picture, out, metadata.of(() -> texts(picture)), progress);
      progress.finish();
      var json = new LinkedHashMap<String, Object>();
      json.put("picture", out.toString());
      json.put("width", picture.width());
      json.put("height", picture.height());
      json.put("seed", seed);
      json.put("steps", steps);
      json.put("device", engine.device);
      json.put("seconds", progress.phaseSeconds());
      show.print(spec, json, out.toString());
    }
    return ExitCode.OK;
  }

  private Map<String, String> texts(Picture picture) {
    var values = new LinkedHashMap<String, Object>();
    values.put("Steps", steps);
    values.put("Sampler", sampler == Sampler.DDIM ? "DDIM" : "DPM++ 2M");
    values.put("CFG scale", guidance);
    values.put("Seed", seed);
    values.put("Size", "%dx%d".formatted(picture.width(), picture.height()));
    values.put("Model", model.folder.map(Metadata::name).orElse(""));
    values.put("Version", Metadata.version());
    return Map.of(Metadata.PARAMETERS, Metadata.parameters(prompt, negative, values));
  }

  private void requireSide(String option, Optional<Integer> side) {
    if (side.isPresent()) {
      int n = side.get();
      require(
          option, "a multiple of 8, up to " + MAX_SIDE, n, n >= 8 && n <= MAX_SIDE && n % 8 == 0);
    }
  }

  private void require(String option, String expected, Object got, boolean good) {
    if (!good) {
      throw new ParameterException(
          spec.commandLine(), option + ": expected " + expected + ", got " + got);
    }
  }
}
