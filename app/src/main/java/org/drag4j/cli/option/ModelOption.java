package org.drag4j.cli.option;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.drag4j.engine.Edit;
import org.drag4j.engine.Place;
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
  public Place required() {
    return named()
        .orElseThrow(() ->
            new ModelNotFoundException(
                "model: expected a folder in the diffusers layout, got none; name one with --model"
                    + " or DRAG4J_MODEL"));
  }

  /** The folder, or else what the edit's document names; as {@link #of(Optional)}. */
  public Place of(Edit edit) {
    return of(edit.model());
  }

  /**
   * The folder, or else what a document names.
   *
   * @throws ModelNotFoundException where none is named, or nothing has the name in the document
   */
  public Place of(Optional<Place> inDocument) {
    var model =
        named()
            .or(() -> inDocument)
            .orElseThrow(() ->
                new ModelNotFoundException(
                    "model: expected a folder in the diffusers layout, got none; name one with"
                        + " --model, DRAG4J_MODEL or \"model\": {\"path\": ...} in the document"));
    if (folder.isEmpty() && !Files.exists(model.path())) {
      throw new ModelNotFoundException(
          model.path()
              + ": expected the model that the document names, got nothing of that name; name its"
              + " folder with --model");
    }
    return model;
  }

  private Optional<Place> named() {
    return folder.map(Place::of);
  }
}
