package org.drag4j.kernels.cpu;

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

/** A checkpoint in memory, of one element type. */
final class TestWeights implements WeightSource {
  private final DType dtype;
  private final Map<String, Shape> shapes = new LinkedHashMap<>();
  private final Map<String, double[]> values = new LinkedHashMap<>();
  private final Random random = new Random(7);

  TestWeights(DType dtype) {
    this.dtype = dtype;
  }

  /** Adds a tensor of normal numbers and returns them as the checkpoint holds them. */
  double[] put(String name, Shape shape) {
    var v = new double[Math.toIntExact(shape.size())];
    for (int i = 0; i < v.length; i++) {
      v[i] = stored(random.nextGaussian());
    }
    shapes.put(name, shape);
    values.put(name, v);
    return v;
  }

  private double stored(double x) {
    return switch (dtype) {
      case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) x));
      case BF16 -> Float.intBitsToFloat(Float.floatToRawIntBits((float) x) & 0xffff0000);
      case F32, F64 -> (float) x;
      case I32, I64, U8 -> Math.rint(x);
    };
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
    return Optional.ofNullable(shapes.get(name)).map(s -> new Entry(s, dtype));
  }

  @Override
  public MemorySegment bytes(String name, Arena arena) {
    var v = values.get(name);
    if (v == null) {
      throw new WeightMismatchException("test: " + name + ": expected it, got nothing; put it");
    }
    // From an odd address on, as in a file.
    var bytes = arena.allocate((long) v.length * dtype.bytes() + 1).asSlice(1);
    var order = ByteOrder.LITTLE_ENDIAN;
    for (int i = 0; i < v.length; i++) {
      float f = (float) v[i];
      long at = (long) i * dtype.bytes();
      switch (dtype) {
        case F16 ->
            bytes.set(
                ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), at, Float.floatToFloat16(f));
        case BF16 ->
            bytes.set(
                ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order),
                at,
                (short) (Float.floatToRawIntBits(f) >>> 16));
        case F32 -> bytes.set(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(order), at, f);
        case F64 -> bytes.set(ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(order), at, v[i]);
        case I32, I64, U8 -> bytes.set(ValueLayout.JAVA_BYTE, at, (byte) v[i]);
      }
    }
    return bytes.asReadOnly();
  }
}
