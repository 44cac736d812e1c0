package org.drag4j.edit;

import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.tensor.DType;
import org.drag4j.weights.Component;
import org.jspecify.annotations.Nullable;

/** One network of a pipeline: its form, checked at once, and its weights, loaded when needed. */
final class Network<M> implements AutoCloseable {
  private final Component component;
  private final M model;
  private final Backend backend;
  private @Nullable DeviceWeights weights;

  Network(Component component, M model, Backend backend) {
    this.component = component;
    this.model = model;
    this.backend = backend;
  }

  M model() {
    return model;
  }

  /** The weights on the device; plans fill them tensor by tensor. */
  DeviceWeights weights() {
    if (weights == null) {
      weights = backend.weights(component.weights());
    }
    return weights;
  }

  /** Bytes that the weights still have to get on the device, in elements of this type. */
  long missingBytes(DType dtype) {
    var source = component.weights();
    long all =
        source.names().stream()
            .flatMap(name -> source.entry(name).stream())
            .mapToLong(entry -> Math.multiplyExact(entry.shape().size(), dtype.bytes()))
            .sum();
    return Math.max(0, all - (weights == null ? 0 : weights.byteSize()));
  }

  /** Gives the weights' memory back; they are loaded again when needed. */
  void release() {
    if (weights != null) {
      weights.close();
      weights = null;
    }
  }

  @Override
  public void close() {
    release();
    component.close();
  }
}
