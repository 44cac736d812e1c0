package org.drag4j.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.tensor.WeightSource;

/** A checkpoint of normal numbers, a tensor's drawn from its name, in the layouts of PyTorch. */
final class NormalWeights implements WeightSource {
  private final Map<String, Shape> shapes = new LinkedHashMap<>();
  private final float deviation;

  NormalWeights(float deviation) {
    this.deviation = deviation;
  }

  NormalWeights put(String name, int... dims) {
    shapes.put(name, Shape.of(dims));
    return this;
  }

  /** Numbers of deviation 1. */
  static float[] normal(int count, long seed) {
    var random = new Random(seed);
    var x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }

  @Override
  public String origin() {
    return "test";
  }

  @Override
  public Set<String> names() {
    return shapes.keySet();
  }

  @Override
  public Optional<Entry> entry(String name) {
    return Optional.ofNullable(shapes.get(name)).map(s -> new Entry(s, DType.F32));
  }

  @Override
  public MemorySegment bytes(String name, Arena arena) {
    var shape = shapes.get(name);
    if (shape == null) {
      throw new WeightMismatchException("test: " + name + ": expected it, got nothing; put it");
    }
    var values = normal(Math.toIntExact(shape.size()), name.hashCode());
    var bytes = arena.allocate((long) values.length * Float.BYTES);
    var floats = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < values.length; i++) {
      bytes.set(floats, (long) i * Float.BYTES, values[i] * deviation);
    }
    return bytes;
  }
}
