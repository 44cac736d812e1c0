package org.drag4j.cli.option;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.drag4j.cli.console.BuildCommit;
import org.drag4j.engine.Setup;
import org.drag4j.session.KeptOnDisk;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The flags of what keeps inversions on disk. */
public final class InversionOptions {
  private static final long MEGABYTE = 1 << 20;
  private static final int MAX = 1 << 24;

  @Option(
      names = "--inversions",
      paramLabel = "DIR",
      description =
          "Keep inversions in this folder, for later commands with the same picture, prompt, seed"
              + " and model, and use those of earlier ones: the same result with half of the"
              + " work. Made if it does not exist.")
  Optional<Path> folder = Optional.empty();

  @Option(
      names = "--inversions-max",
      paramLabel = "MB",
      defaultValue = "8192",
      description =
          "How large that folder may become; what was used longest ago goes first. Default:"
              + " ${DEFAULT-VALUE}.")
  int max;

  /** Checks the values and opens the folder, before any work; empty where none is named. */
  Optional<KeptOnDisk> open(CommandSpec spec, Setup setup) throws IOException {
    UsageMessage.requireRange(spec, "--inversions-max", 1, MAX, max);
    return folder.isEmpty()
        ? Optional.empty()
        : Optional.of(
            KeptOnDisk.open(folder.get(), max * MEGABYTE, setup.identity(BuildCommit.find())));
  }
}
