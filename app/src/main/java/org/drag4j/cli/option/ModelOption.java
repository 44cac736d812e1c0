package org.drag4j.cli.option;

import java.nio.file.Path;
import java.util.Optional;
import org.drag4j.engine.Edit;
import org.drag4j.weights.ModelNotFoundException;
import picocli.CommandLine.Option;

/** The flag that names the model. */
public final class ModelOption {
  @Option(
      names = {"-m", "--model"},
      paramLabel = "DIR",
      description = "The model: a folder in the diffusers layout.")
  Optional<Path> folder = Optional.empty();

  /** The folder, where the user names one. */
  public Optional<Path> folder() {
    return folder;
  }

  /**
   * The folder, where one must be named.
   *
   * @throws ModelNotFoundException where none is
   */
  public Path required() {
    return required(Optional.empty());
  }

  /** The folder, or else another. */
  public Path required(Optional<Path> other) {
    return folder
        .or(() -> other)
        .orElseThrow(() ->
            new ModelNotFoundException(
                "model: expected a folder in the diffusers layout, got none; name one with --model"
                    + " or DRAG4J_MODEL"));
  }

  /** The folder, or else what the document names. */
  public Path of(Edit edit) {
    return folder
        .or(edit::model)
        .orElseThrow(() ->
            new ModelNotFoundException(
                "model: expected a folder in the diffusers layout, got none; name one with"
                    + " --model, DRAG4J_MODEL or \"model\": {\"path\": ...} in the document"));
  }
}
