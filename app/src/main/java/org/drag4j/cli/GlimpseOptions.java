package org.drag4j.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.drag4j.picture.PictureFiles;
import org.drag4j.session.Glimpse;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The flags that show a picture while it takes form. */
final class GlimpseOptions {
  private static final int CELL = 8;

  /** How a latent becomes a picture. */
  enum Kind {
    /** Not at all. */
    NONE,
    /** By an affine map of its channels to colours. */
    PROJ
  }

  @Option(
      names = "--preview",
      paramLabel = "none|proj",
      defaultValue = "none",
      description =
          "Write what there is after each step, noise included, by a cheap projection of the"
              + " latent. Default: ${DEFAULT-VALUE}.")
  Kind kind = Kind.NONE;

  @Option(
      names = "--preview-interval",
      paramLabel = "N",
      defaultValue = "1",
      description = "Steps from one to the next. Default: ${DEFAULT-VALUE}.")
  int interval;

  @Option(
      names = "--preview-path",
      paramLabel = "FILE.png",
      description = "Where to, over and over. Default: OUT-preview.png.")
  Optional<Path> path = Optional.empty();

  /** Checks the values, before any work. */
  void check(CommandSpec spec, Path out, Path... sources) throws IOException {
    if (interval < 1) {
      throw new ParameterException(
          spec.commandLine(), "--preview-interval: expected at least 1, got " + interval);
    }
    if (kind != Kind.NONE) {
      EditRun.requireOutput(spec, file(out), sources);
    }
  }

  private Path file(Path out) {
    return path.orElseGet(() -> out.resolveSibling(EditRun.stem(out) + "-preview.png"));
  }

  /** Writes pictures beside {@code out}; one that cannot be written is the last. */
  Glimpse glimpse(Path out, ConsoleProgress progress) {
    if (kind == Kind.NONE) {
      return Glimpse.NONE;
    }
    var file = file(out);
    boolean[] failed = new boolean[1];
    return (step, steps, picture) -> {
      if (failed[0] || (step % interval != 0 && step != steps)) {
        return;
      }
      try {
        var small = picture.get();
        PictureFiles.writePng(small.resized(small.width() * CELL, small.height() * CELL), file);
        progress.preview(file, step, steps);
      } catch (IOException e) {
        failed[0] = true;
        progress.warn("preview: no more of them: " + ExitCode.message(e));
      }
    };
  }
}
