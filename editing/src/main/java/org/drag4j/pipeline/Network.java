package org.drag4j.pipeline;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.TreeSet;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.drag4j.cache.Digest;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.tensor.DType;
import org.drag4j.weights.Component;
import org.jspecify.annotations.Nullable;

/** One network of a pipeline: its form, checked at once, and its weights, loaded when needed. */
final class Network<M> implements AutoCloseable {
  private static final long SLICE = 1 << 18;

  private final Component component;
  private final M model;
  private final Backend backend;
  private @Nullable DeviceWeights weights;
  private @Nullable String digest;

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

  /** Bytes of the weights, in this type, that are not on the device yet. */
  long missingBytes(DType dtype) {
    var source = component.weights();
    long all =
        source.names().stream()
            .flatMap(name -> source.entry(name).stream())
            .mapToLong(entry -> Math.multiplyExact(entry.shape().size(), dtype.bytes()))
            .sum();
    return Math.max(0, all - (weights == null ? 0 : weights.byteSize()));
  }

  /** A digest of every weight: fine-tuned models differ in nothing else. */
  String digest() {
    if (digest == null) {
      var source = component.weights();
      var tensors = new ArrayList<Object>();
      for (var name : new TreeSet<>(source.names())) {
        try (var arena = Arena.ofConfined()) {
          tensors.add(name);
          tensors.add(source.entry(name).orElseThrow());
          tensors.add(checksums(source.bytes(name, arena)));
        }
      }
      digest = Digest.of(tensors.toArray());
    }
    return digest;
  }

  /** Two independent CRCs: 64 bits, at memory speed. */
  private static String checksums(MemorySegment bytes) {
    var one = new CRC32();
    var other = new CRC32C();
    for (long at = 0; at < bytes.byteSize(); at += SLICE) {
      var slice = bytes.asSlice(at, Math.min(SLICE, bytes.byteSize() - at)).asByteBuffer();
      one.update(slice.duplicate());
      other.update(slice);
    }
    return one.getValue() + " " + other.getValue();
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
