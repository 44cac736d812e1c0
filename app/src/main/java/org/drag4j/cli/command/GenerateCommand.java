package org.drag4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.drag4j.cli.console.ConsoleProgress;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.console.Host;
import org.drag4j.cli.option.OutputFile;
import org.drag4j.cli.option.PictureOptions;
import org.drag4j.cli.option.UsageMessage;
import org.drag4j.document.EditDocument;
import org.drag4j.document.LongPrompt;
import org.drag4j.document.MaskFiles;
import org.drag4j.engine.Job;
import org.drag4j.engine.Keeping;
import org.drag4j.engine.Metadata;
import org.drag4j.geometry.WorkingSize;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureException;
import org.drag4j.picture.PictureFiles;
import org.drag4j.picture.PictureMetadata;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.session.TextToImage;
import org.drag4j.session.TextToImage.Sampler;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code drag4j generate}: a picture from a prompt. */
@Command(
    name = "generate",
    description = "Make a picture from a prompt, or from a prompt and a picture.",
    mixinStandardHelpOptions = true)
public final class GenerateCommand implements Callable<Integer> {
  private static final int MAX_SIDE = 4096;
  private static final int MAX_STEPS = 999;
  private static final int MAX_GUIDANCE = 100;
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
      description = "DDIM or DPM-Solver++ (2M). Default: ${DEFAULT-VALUE}.")
  Sampler sampler = Sampler.DPMPP2M;

  @Option(
      names = {"-i", "--image"},
      paramLabel = "IN",
      description = "A picture to start from.")
  Optional<Path> image = Optional.empty();

  @Option(
      names = "--strength",
      paramLabel = "X",
      defaultValue = "0.8",
      description =
          "With --image: how much of it may go, 0 to 1; the part of the steps that is done."
              + " Default: ${DEFAULT-VALUE}.")
  double strength;

  @Option(
      names = "--mask",
      paramLabel = "MASK.png",
      description =
          "With --image, and as large: where it is bright and not transparent the picture may"
              + " change, elsewhere it stays bit for bit.")
  Optional<Path> mask = Optional.empty();

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
  Path output = Path.of("");

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
      description = "Denoising steps. Default: ${DEFAULT-VALUE}.")
  int steps;

  @Option(
      names = "--long-prompt",
      paramLabel = "cut|chunks",
      defaultValue = "cut",
      description =
          "What becomes of a prompt of more than 75 tokens: its end is left off, or it is encoded"
              + " in pieces of 75. Default: ${DEFAULT-VALUE}.")
  LongPrompt longPrompt = LongPrompt.CUT;

  @Mixin final PictureOptions options = new PictureOptions();

  /** Runs in this process. */
  public GenerateCommand(Host host) {
    this.host = host;
  }

  @Override
  public Integer call() throws Exception {
    options.run.engine.check(spec);
    requireSide("--width", width);
    requireSide("--height", height);
    UsageMessage.requireRange(spec, "--steps", 1, MAX_STEPS, steps);
    UsageMessage.requireRange(spec, "--cfg-scale", 0, MAX_GUIDANCE, guidance);
    require("--seed", "at least 0", seed, seed >= 0);
    int longest = Math.max(prompt.length(), negative.length());
    require("--prompt", "at most " + MAX_PROMPT + " characters", longest, longest <= MAX_PROMPT);
    require("--strength", "above 0, up to 1", strength, strength > 0 && strength <= 1);
    require("--mask", "an --image as well", "none", mask.isEmpty() || image.isPresent());
    var sources = Stream.concat(image.stream(), mask.stream()).toArray(Path[]::new);
    var out = options.overwrite.picture(spec, output, Optional.empty());
    out.check(sources);
    options.glimpses.check(spec, out, sources);
    options.run.engine.setup().prepare();
    var progress = options.run.show.progress(spec, host);
    var start = image.map(file -> start(file, progress::warn));
    try (progress) {
      var picture = generated(start, out, progress);
      var metadata = options.metadata.of(() -> metadata(picture));
      out.save(picture, metadata, Optional.empty(), progress);
      progress.finish();
      options.run.engine.printTrace(spec);
      var json = new LinkedHashMap<String, Object>();
      json.put("picture", output.toString());
      json.put("width", picture.width());
      json.put("height", picture.height());
      json.put("seed", seed);
      json.put("steps", steps);
      json.put("device", options.run.engine.setup().device());
      json.put("seconds", progress.phaseSeconds());
      json.put("warnings", progress.takeWarnings());
      options.run.show.print(spec, json, output.toString());
    }
    return ExitCode.OK;
  }

  private Picture generated(
      Optional<TextToImage.Start> start, OutputFile out, ConsoleProgress progress)
      throws IOException, InterruptedException {
    var job =
        Job.of(
            options.run.model.required().path(),
            (editor, steps, glimpse) ->
                TextToImage.generate(
                    editor.pipeline(), wanted(editor.pipeline(), start), steps, glimpse));
    try (var engine = options.run.engine.start(Keeping.NOTHING)) {
      return engine.submit(options.glimpses.followed(job, out, options.metadata, progress)).await();
    }
  }

  private TextToImage.Options wanted(Pipeline pipeline, Optional<TextToImage.Start> start) {
    int side = pipeline.shape().nativeSize();
    int factor = pipeline.shape().factor();
    var size =
        start
            .map(TextToImage.Start::picture)
            .map(from -> WorkingSize.of(from.width(), from.height(), side, factor))
            .orElse(new WorkingSize(side, side));
    return new TextToImage.Options(
        prompt,
        negative,
        longPrompt,
        width.orElse(size.width()),
        height.orElse(size.height()),
        steps,
        guidance,
        sampler,
        seed,
        start);
  }

  private TextToImage.Start start(Path file, Consumer<String> warnings) {
    var picture = PictureFiles.read(file, warnings);
    var area = mask.map(name -> MaskFiles.read(name, warnings));
    if (area.isPresent()
        && (area.get().width() != picture.width() || area.get().height() != picture.height())) {
      throw new PictureException(
          mask.get(),
          "a mask of the picture's size, " + picture.width() + "x" + picture.height(),
          area.get().width() + "x" + area.get().height(),
          "paint it over the picture");
    }
    return new TextToImage.Start(picture, strength, area);
  }

  private PictureMetadata metadata(Picture picture) {
    var values = new LinkedHashMap<String, Object>();
    values.put("Steps", steps);
    values.put("Sampler", sampler == Sampler.DDIM ? "DDIM" : "DPM++ 2M");
    values.put("CFG scale", guidance);
    values.put("Seed", seed);
    values.put("Size", "%dx%d".formatted(picture.width(), picture.height()));
    values.put("Model", options.run.model.folder().map(Metadata::name).orElse(""));
    if (image.isPresent()) {
      values.put("Denoising strength", strength);
    }
    if (longPrompt == LongPrompt.CHUNKS) {
      values.put("Long prompt", "chunks");
    }
    values.put("Version", Metadata.version());
    var line = Metadata.parameters(prompt, negative, values);
    return PictureMetadata.of(Map.of(Metadata.PARAMETERS, line));
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
