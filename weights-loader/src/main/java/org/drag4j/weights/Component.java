package org.drag4j.weights;

import java.nio.file.Path;

/**
 * One network of a model folder: its configuration and its weights under today's diffusers names.
 * Closing it closes the weight files.
 */
public record Component(String name, Config config, WeightFile weights, Path folder)
    implements AutoCloseable {
  @Override
  public void close() {
    weights.close();
  }
}
