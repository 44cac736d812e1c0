package org.drag4j.reference;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.DoubleSupplier;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.tensor.WeightSource;

/** A checkpoint in memory: convolution weights are {@code [O, I, kh, kw]}, as files have them. */
public final class MapWeights implements WeightSource {
  private record Stored(Entry entry, MemorySegment bytes) {}

  private final Map<String, Stored> tensors = new LinkedHashMap<>();

  /** Adds a tensor, its elements rounded to {@code dtype}: F64, F32, F16 or BF16. */
  public void put(String name, Shape shape, DType dtype, DoubleSupplier elements) {
    int count = Math.toIntExact(shape.size());
    var buffer = ByteBuffer.allocate(count * dtype.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      double element = elements.getAsDouble();
      float x = (float) element;
      switch (dtype) {
        case F64 -> buffer.putDouble(element);
        case F32 -> buffer.putFloat(x);
        case F16 -> buffer.putShort(Float.floatToFloat16(x));
        case BF16 -> buffer.putShort((short) (Float.floatToIntBits(x) >>> 16));
        case I32, U8, I64 ->
            throw new IllegalArgumentException(name + ": expected a float type, got " + dtype);
      }
    }
    tensors.put(name, new Stored(new Entry(shape, dtype), MemorySegment.ofBuffer(buffer.flip())));
  }

  @Override
  public String origin() {
    return "memory";
  }

  @Override
  public Set<String> names() {
    return tensors.keySet();
  }

  @Override
  public Optional<Entry> entry(String name) {
    return Optional.ofNullable(tensors.get(name)).map(Stored::entry);
  }

  /** A copy at an odd address, as a file may have it, that ends with the arena. */
  @Override
  public MemorySegment bytes(String name, Arena arena) {
    var bytes = stored(name).bytes();
    var segment = arena.allocate(bytes.byteSize() + 1, 64).asSlice(1);
    return segment.copyFrom(bytes).asReadOnly();
  }

  private Stored stored(String name) {
    var stored = tensors.get(name);
    if (stored == null) {
      throw new WeightMismatchException(
          "memory: " + name + ": expected a tensor of that name, got none");
    }
    return stored;
  }
}
