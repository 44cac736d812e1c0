package org.drag4j.cli.option;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The flag that lets files be replaced. */
public final class OverwriteOption {
  @Option(
      names = "--overwrite",
      description =
          "Replace files that are there. Without this flag a file stays, but for a picture whose"
              + " own record says that the same document file made it.")
  boolean overwrite;

  /** Whether any file may be replaced. */
  public boolean allowed() {
    return overwrite;
  }

  /**
   * A picture to write, as {@code -o} names it.
   *
   * @param document the file of the document it shows something of, where there is one
   * @throws IOException where it cannot be written
   */
  public OutputFile picture(CommandSpec spec, Path path, Optional<Path> document)
      throws IOException {
    return OutputFile.picture(spec, path, overwrite, document);
  }

  /**
   * A file without a record to write.
   *
   * @param option that names it
   * @throws IOException where it cannot be written
   */
  public OutputFile file(CommandSpec spec, String option, Path path) throws IOException {
    return OutputFile.of(spec, option, path, overwrite, Optional.empty());
  }
}
