package org.drag4j.cli.command;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.concurrent.Callable;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.cli.console.Host;
import org.drag4j.cli.option.OutputOptions;
import org.drag4j.pipeline.RandomModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code drag4j model random}: a full-size checkpoint of random weights. */
@Command(
    name = "random",
    description = "Write a full-size model of random weights, to measure with.",
    mixinStandardHelpOptions = true)
public final class ModelRandomCommand implements Callable<Integer> {
  private static final int MEGABYTE = 1_000_000;

  private final Host host;

  @Spec CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "OUT", description = "A folder that does not exist or is empty.")
  Path out = Path.of("");

  @Option(
      names = "--like",
      required = true,
      paramLabel = "sd15|sd21",
      description = "Whose size: Stable Diffusion 1.5 (2.1 GB) or 2.1 (2.6 GB).")
  RandomModel.Like like = RandomModel.Like.SD15;

  @Option(
      names = {"-s", "--seed"},
      paramLabel = "N",
      defaultValue = "42",
      description = "Of all random numbers. Default: ${DEFAULT-VALUE}.")
  long seed;

  @Mixin final OutputOptions show = new OutputOptions();

  /** Runs in this process. */
  public ModelRandomCommand(Host host) {
    this.host = host;
  }

  @Override
  public Integer call() throws Exception {
    try (var progress = show.progress(spec, host)) {
      var first = new boolean[] {true};
      RandomModel.write(
          like,
          seed,
          out,
          (_, written, total) -> {
            if (first[0]) {
              progress.phase("write", (int) (total / MEGABYTE), "MB");
              first[0] = false;
            }
            progress.step((int) (written / MEGABYTE), (int) (total / MEGABYTE));
            if (progress.cancelled()) {
              Thread.currentThread().interrupt();
            }
          });
      progress.finish();
    }
    var json = new LinkedHashMap<String, Object>();
    json.put("model", out.toString());
    json.put("seed", seed);
    show.print(spec, json, out.toString());
    return ExitCode.OK;
  }
}
