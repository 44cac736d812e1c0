package org.drag4j.weights;

import java.nio.file.Path;
import org.drag4j.tensor.WeightSource;

/** Weights read from files that stay open until closed; what was mapped lives with its arena. */
public sealed interface WeightFile extends WeightSource, AutoCloseable
    permits RenamedWeights, Safetensors, ShardedSafetensors {
  /**
   * Opens a {@code .safetensors} file, or the {@code .index.json} of a sharded one.
   *
   * @throws ModelException where it is missing or damaged
   */
  static WeightFile open(Path file) {
    return file.toString().endsWith(".json")
        ? ShardedSafetensors.open(file)
        : Safetensors.open(file);
  }

  /** Closes the files. Segments already handed out stay readable until their arena closes. */
  @Override
  void close();
}
