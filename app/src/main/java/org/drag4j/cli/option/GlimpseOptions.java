package org.drag4j.cli.option;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.drag4j.cli.console.ConsoleProgress;
import org.drag4j.cli.console.ExitCode;
import org.drag4j.engine.Event;
import org.drag4j.engine.Job;
import org.drag4j.engine.Provenance;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureMetadata;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The flags that show a picture while it takes form. */
public final class GlimpseOptions {
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
  public void check(CommandSpec spec, OutputFile out, Path... sources) throws IOException {
    if (interval < 1) {
      throw new ParameterException(
          spec.commandLine(), "--preview-interval: expected at least 1, got " + interval);
    }
    if (kind != Kind.NONE) {
      var file = out.glimpses(path);
      file.check(sources);
      file.checkApart(out);
    }
  }

  /**
   * A job that {@code progress} follows and stops, and of which pictures are written beside {@code
   * out}; one that cannot be written is the last.
   *
   * @param metadata says whether these carry a record
   */
  public <R> Job<R> followed(
      Job<R> job, OutputFile out, MetadataOption metadata, ConsoleProgress progress)
      throws IOException {
    if (kind == Kind.NONE) {
      return progress.followed(job);
    }
    var file = out.glimpses(path);
    var origin = metadata.origin(() -> Provenance.Origin.of(out.document()));
    boolean[] over = {false};
    return job.following(
            event -> {
              progress.hear(event);
              if (event instanceof Event.Glimpse(var step, var steps, var picture)
                  && !over[0]
                  && (step % interval == 0 || step == steps)) {
                over[0] = !written(picture.get(), file, origin, progress);
                if (!over[0]) {
                  progress.preview(file.path(), step, steps);
                }
              }
            })
        .stoppedBy(progress::cancelled);
  }

  private static boolean written(
      Picture small,
      OutputFile file,
      Optional<Provenance.Origin> origin,
      ConsoleProgress progress) {
    try {
      file.save(
          small.resized(small.width() * CELL, small.height() * CELL), PictureMetadata.NONE, origin);
      return true;
    } catch (IOException e) {
      progress.warn("preview: no more of them: " + ExitCode.message(e));
      return false;
    }
  }
}
