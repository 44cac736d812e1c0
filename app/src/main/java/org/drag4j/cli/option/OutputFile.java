package org.drag4j.cli.option;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.drag4j.cache.AtomicFile;
import org.drag4j.cli.console.ConsoleProgress;
import org.drag4j.engine.Provenance;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureFiles;
import org.drag4j.picture.PictureMetadata;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * A file to write. Whether it may be written is decided here alone: a regular file that is there
 * stays, unless the user lets it be replaced, or it is a picture whose own record says that the
 * same document file made it.
 */
public final class OutputFile {
  private static final String OUTPUT = "-o";

  private final CommandSpec spec;
  private final String option;
  private final Path path;
  private final Optional<Path> document;
  private boolean replace;

  private OutputFile(
      CommandSpec spec, String option, Path path, boolean replace, Optional<Path> document) {
    this.spec = spec;
    this.option = option;
    this.path = path;
    this.replace = replace;
    this.document = document;
  }

  /**
   * A file that an option names.
   *
   * @param replace whether any file in its place may be replaced
   * @param document the file of the document that makes it
   * @throws IOException where its folder is missing or read-only, or it is a folder itself
   */
  static OutputFile of(
      CommandSpec spec, String option, Path path, boolean replace, Optional<Path> document)
      throws IOException {
    AtomicFile.requireFolder(path);
    return new OutputFile(spec, option, path, replace, document);
  }

  /** A picture; as {@link #of}. */
  static OutputFile picture(CommandSpec spec, Path path, boolean replace, Optional<Path> document)
      throws IOException {
    return picture(spec, OUTPUT, path, replace, document);
  }

  /** A picture that another option names; as {@link #of}. */
  static OutputFile picture(
      CommandSpec spec, String option, Path path, boolean replace, Optional<Path> document)
      throws IOException {
    if (!path.toString().matches("(?i).*\\.png")) {
      throw new ParameterException(
          spec.commandLine(), option + ": expected a name that ends in .png, got " + path);
    }
    return of(spec, option, path, replace, document);
  }

  /** A picture beside this one, under the same rule. */
  public OutputFile beside(String name) throws IOException {
    return picture(spec, option, path.resolveSibling(name), replace, document);
  }

  /**
   * Where pictures of this one come and go.
   *
   * @param named by the user for nothing else, so that any file there may be replaced
   */
  OutputFile glimpses(Optional<Path> named) throws IOException {
    return named.isPresent()
        ? picture(spec, "--preview-path", named.get(), true, Optional.empty())
        : beside(stem(path) + "-preview.png");
  }

  /** The name that the user gave it. */
  public Path path() {
    return path;
  }

  /** The file of the document that makes it, where there is one. */
  public Optional<Path> document() {
    return document;
  }

  /**
   * Checks before any work that the file may be written.
   *
   * @param sources what is read, and never written
   * @throws IOException where a file is there that must stay
   */
  public void check(Path... sources) throws IOException {
    for (var source : sources) {
      if (isSame(path, source)) {
        throw new ParameterException(
            spec.commandLine(), option + ": expected another file than what is read, got " + path);
      }
    }
    if (Files.isRegularFile(path)) {
      requireReplaceable(path);
    }
  }

  /** Checks that the file is another one than these, which are written as well. */
  public void checkApart(OutputFile... others) throws IOException {
    for (var other : others) {
      if (isSame(path, other.path)) {
        throw new ParameterException(
            spec.commandLine(),
            option + ": expected another file than " + other.option + " names, got " + path);
      }
    }
  }

  /** Whether two names are those of one file, which need not exist. */
  static boolean isSame(Path one, Path other) throws IOException {
    return (Files.exists(one) && Files.exists(other))
        ? Files.isSameFile(one, other)
        : AtomicFile.target(one).normalize().equals(AtomicFile.target(other).normalize());
  }

  private void requireReplaceable(Path file) throws IOException {
    if (replace || document.filter(made -> isBy(file, made)).isPresent()) {
      return;
    }
    throw new IOException(
        path
            + ": expected no such file"
            + document
                .flatMap(made -> Optional.ofNullable(made.getFileName()))
                .map(name -> ", or a picture that " + name + " made")
                .orElse("")
            + ", got a file that is there; name another one, or replace it with --overwrite");
  }

  private static boolean isBy(Path file, Path document) {
    return Provenance.of(file).filter(made -> made.isBy(document)).isPresent();
  }

  /**
   * Writes a picture as the last phase.
   *
   * @param origin for the picture's record, where it is to carry one
   */
  public void save(
      Picture picture,
      PictureMetadata metadata,
      Optional<Provenance.Origin> origin,
      ConsoleProgress progress)
      throws IOException {
    progress.phase("save", 1);
    progress.check();
    save(picture, metadata, origin);
    progress.step(1, 1);
  }

  /** Writes a picture. */
  public void save(Picture picture, PictureMetadata metadata, Optional<Provenance.Origin> origin)
      throws IOException {
    write(
        origin.isPresent()
            ? Provenance.png(picture, metadata, origin.get())
            : PictureFiles.png(picture, metadata));
  }

  /** Writes a text in UTF-8. */
  public void write(String text) throws IOException {
    write(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Writes all of it or nothing.
   *
   * @throws IOException where it cannot be written, or a file has appeared that must stay
   */
  private void write(byte[] content) throws IOException {
    AtomicFile.write(path, this::requireReplaceable, stream -> stream.write(content));
    // From now on it is this command's own.
    replace = true;
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
}
