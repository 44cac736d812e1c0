package org.drag4j.layer;

import org.drag4j.graph.Value;

/** A layer of one input, where a network may have one of several. */
public sealed interface Layer permits Conv2d, Identity, Linear {
  /** The layer applied to {@code x}. */
  Value forward(Value x);
}
