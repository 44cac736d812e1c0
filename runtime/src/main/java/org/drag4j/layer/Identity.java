package org.drag4j.layer;

import org.drag4j.graph.Value;

/** Returns its input. */
public record Identity() implements Layer {
  @Override
  public Value forward(Value x) {
    return x;
  }
}
