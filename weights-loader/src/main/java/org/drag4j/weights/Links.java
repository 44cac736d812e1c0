package org.drag4j.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files of a model that may be links, as all are in Hugging Face's cache. */
final class Links {
  private Links() {}

  /**
   * Whether there is a file or folder of this name.
   *
   * @throws ModelNotFoundException where there is a link of this name and nothing at its end
   */
  static boolean exists(Path file) {
    if (Files.exists(file)) {
      return true;
    }
    if (!Files.isSymbolicLink(file)) {
      return false;
    }
    String target;
    try {
      target = Json.quote(Files.readSymbolicLink(file).toString());
    } catch (IOException e) {
      target = "a place that cannot be read";
    }
    throw new ModelNotFoundException(
        "%s: expected a file, got a link to %s, where nothing is; copy models with what their links"
                .formatted(file, target)
            + " point to (cp -L), or finish the download");
  }
}
