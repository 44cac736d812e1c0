package org.drag4j.cli;

import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The flag that names the model. */
final class ModelOption {
  @Option(
      names = {"-m", "--model"},
      paramLabel = "DIR",
      description = "The model: a folder in the diffusers layout.")
  Optional<Path> folder = Optional.empty();
}
