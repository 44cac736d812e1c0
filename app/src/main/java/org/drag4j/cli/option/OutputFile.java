package org.drag4j.cli.option;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.drag4j.cache.AtomicFile;
import org.drag4j.cli.console.ConsoleProgress;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureFiles;
import org.drag4j.picture.PictureMetadata;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** Where a picture goes. */
public final class OutputFile {
  private OutputFile() {}

  /**
   * Checks where the result goes, before any work.
   *
   * @param sources files that must not be overwritten
   */
  public static void require(CommandSpec spec, Path out, Path... sources) throws IOException {
    if (!out.toString().matches("(?i).*\\.png")) {
      throw new ParameterException(
          spec.commandLine(), "-o: expected a name that ends in .png, got " + out);
    }
    AtomicFile.requireFolder(out);
    for (var source : sources) {
      if (Files.exists(out) && Files.exists(source) && Files.isSameFile(out, source)) {
        throw new ParameterException(
            spec.commandLine(), "-o: expected another file than what is read, got " + out);
      }
    }
  }

  /** The name of the edited picture where the user gives none: in the current folder. */
  public static Path edited(Path input) {
    return Path.of(stem(input) + "-edited.png");
  }

  /** A file's name without folder and ending. */
  public static String stem(Path file) {
    String name = String.valueOf(file.getFileName());
    int dot = name.lastIndexOf('.');
    return dot > 0 ? name.substring(0, dot) : name;
  }

  /** Writes a picture as the last phase. */
  public static void save(
      Picture picture, Path out, PictureMetadata metadata, ConsoleProgress progress)
      throws IOException {
    progress.phase("save", 1);
    progress.check();
    PictureFiles.writePng(picture, out, metadata);
    progress.step(1, 1);
  }
}
