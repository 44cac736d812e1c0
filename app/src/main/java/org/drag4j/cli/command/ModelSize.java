package org.drag4j.cli.command;

import java.nio.file.Path;
import java.util.Optional;
import org.drag4j.cli.option.ModelOption;
import org.drag4j.document.EditDocument;
import org.drag4j.geometry.RegionMask;
import org.drag4j.pipeline.ModelShape;
import org.drag4j.weights.ModelException;
import org.drag4j.weights.ModelFolder;

/**
 * The size of the pictures that an edit's model sees, as far as it is known without an edit.
 *
 * @param side of the pictures it was trained on, in pixels
 * @param factor pixels to a latent cell
 * @param model whose size it is; empty where it is assumed
 * @param assumed why it is; empty where it is not
 */
record ModelSize(int side, int factor, Optional<Path> model, String assumed) {
  /** Of the pictures Stable Diffusion 1.5 was trained on. */
  private static final int USUAL = 512;

  /**
   * Of the model that the flag names, else of the document's, as far as it is here.
   *
   * @param folder that file names in the document are relative to
   * @throws ModelException where the flag names what is none
   */
  static ModelSize of(ModelOption flag, EditDocument document, Path folder) {
    if (flag.folder().isPresent()) {
      return of(flag.folder().get());
    }
    if (document.model().isEmpty()) {
      return assumed("none is named; name it with --model");
    }
    try {
      return of(folder.resolve(document.model().get()));
    } catch (ModelException e) {
      return assumed(e.getMessage() + "; or name it with --model");
    }
  }

  private static ModelSize of(Path model) {
    var shape = ModelShape.of(ModelFolder.open(model));
    return new ModelSize(shape.nativeSize(), shape.factor(), Optional.of(model), "");
  }

  private static ModelSize assumed(String why) {
    return new ModelSize(
        USUAL,
        RegionMask.CELL,
        Optional.empty(),
        "the model is taken to see " + USUAL + " pixels, as Stable Diffusion 1.5 does: " + why);
  }
}
