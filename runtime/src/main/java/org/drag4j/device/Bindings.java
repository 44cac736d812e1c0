package org.drag4j.device;

import org.drag4j.graph.Value;

/** The places that a plan's compiler gave to values, weights and scratch memory. */
public interface Bindings {
  /** Slot of an activation; views share the slot of what they view. */
  Slot slot(Value v);

  /** Scratch memory of the kernel being bound, as many bytes as it asked for. */
  Slot workspace();

  /** Weights of the network. */
  DeviceWeights weights();
}
