package org.drag4j.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceWeights;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.tensor.WeightSource;

/**
 * A network's weights on the device: each tensor is converted and repacked on its way there when
 * first asked for, and kept once for each element type.
 */
final class CudaWeights implements DeviceWeights {
  /** Small tensors share blocks: the driver's own allocations are far apart. */
  private static final long BLOCK = 32L << 20;

  /** Vector loads and matrix units want whole lines. */
  private static final long ALIGNMENT = 256;

  private static final ValueLayout.OfShort HALF =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private record Key(String name, DType dtype) {}

  private final WeightSource source;
  private final CudaHeap heap;
  private final Map<Key, Tensor> tensors = new HashMap<>();
  private final List<CudaMemory> blocks = new ArrayList<>();
  private long used;

  CudaWeights(WeightSource source, CudaHeap heap) {
    this.source = source;
    this.heap = heap;
  }

  /**
   * A tensor of the checkpoint as kernels want it: of this shape, channels innermost ({@code [O,
   * kh, kw, I]} where the checkpoint has {@code [O, I, kh, kw]}), of this type.
   *
   * @param dtype F16 or F32
   * @throws WeightMismatchException where it is missing, of another size or not floating point
   * @throws DeviceException where a value is too large for F16
   */
  Tensor tensor(String name, Shape shape, DType dtype) {
    if (dtype != DType.F16 && dtype != DType.F32) {
      throw new IllegalArgumentException(name + ": expected F16 or F32, got " + dtype);
    }
    var key = new Key(name, dtype);
    var have = tensors.get(key);
    if (have == null) {
      have = upload(name, shape, dtype);
      tensors.put(key, have);
    }
    if (!have.shape().equals(shape)) {
      return new Tensor(have.memory(), have.offset(), shape, dtype);
    }
    return have;
  }

  private Tensor upload(String name, Shape shape, DType dtype) {
    var entry =
        source
            .entry(name)
            .orElseThrow(
                () -> WeightMismatchException.of(source, name, "a tensor of that name", "none"));
    if (entry.shape().size() != shape.size()) {
      throw WeightMismatchException.of(
          source, name, shape.size() + " elements", entry.shape().toString());
    }
    switch (entry.dtype()) {
      case F16, BF16, F32, F64 -> {}
      case I32, I64, U8 ->
          throw WeightMismatchException.of(
              source, name, "F16, BF16, F32 or F64", entry.dtype().toString());
    }
    var tensor = place(shape, dtype);
    // Closed at once: the mapped pages go back, so that the file is never in memory as a whole.
    try (var arena = Arena.ofConfined()) {
      var bytes = source.bytes(name, arena);
      long expected = Math.multiplyExact(shape.size(), entry.dtype().bytes());
      if (bytes.byteSize() != expected) {
        throw WeightMismatchException.of(
            source, name, expected + " bytes", Long.toString(bytes.byteSize()));
      }
      copy(name, bytes, entry.dtype(), tensor);
    }
    return tensor;
  }

  private void copy(String name, MemorySegment bytes, DType from, Tensor tensor) {
    var shape = tensor.shape();
    int inner = shape.rank() == 0 ? 1 : shape.dim(-1);
    long taps = 1;
    for (int i = 1; i < shape.rank() - 1; i++) {
      taps *= shape.dim(i);
    }
    var order = new Repacking(name, bytes, from, tensor.dtype(), inner, taps);
    long address = ((CudaMemory) tensor.memory()).address() + tensor.offset();
    heap.staging().write(address, tensor.byteSize(), tensor.dtype().bytes(), order::fill);
  }

  /** Where the next tensor goes. */
  private Tensor place(Shape shape, DType dtype) {
    long bytes = Math.multiplyExact(shape.size(), dtype.bytes());
    if (blocks.isEmpty() || bytes > blocks.getLast().byteSize() - used) {
      long size = Math.max(bytes, BLOCK);
      blocks.add(heap.allocate(size, "weights of " + source.origin()));
      used = 0;
    }
    var tensor = new Tensor(blocks.getLast(), used, shape, dtype);
    used = Math.addExact(used, bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    used = Math.min(used, blocks.getLast().byteSize());
    return tensor;
  }

  /**
   * Elements in the device's order and type.
   *
   * @param inner channels, innermost on the device
   * @param taps positions of a convolution's window, innermost in the checkpoint
   */
  private record Repacking(
      String name, MemorySegment bytes, DType from, DType to, int inner, long taps) {
    /** Writes the elements from byte {@code at} of the result on. */
    void fill(MemorySegment part, long at) {
      long first = at / to.bytes();
      long count = part.byteSize() / to.bytes();
      if (taps == 1 && from == to) {
        MemorySegment.copy(bytes, at, part, 0, part.byteSize());
        return;
      }
      // The checkpoint has [O][I][taps], the device [O][taps][I].
      long window = inner * taps;
      long channel = first % inner;
      long tap = first % window / inner;
      long output = first / window;
      for (long i = 0; i < count; i++) {
        long source = output * window + channel * taps + tap;
        if (to == DType.F32) {
          part.set(FLOAT, i * Float.BYTES, value(source));
        } else {
          part.set(HALF, i * Short.BYTES, half(source));
        }
        if (++channel == inner) {
          channel = 0;
          if (++tap == taps) {
            tap = 0;
            output++;
          }
        }
      }
    }

    private float value(long index) {
      return switch (from) {
        case F32 -> bytes.get(FLOAT, index * Float.BYTES);
        case F16 -> Float.float16ToFloat(bytes.get(HALF, index * Short.BYTES));
        case BF16 -> Float.intBitsToFloat(bytes.get(HALF, index * Short.BYTES) << 16);
        case F64 -> (float) bytes.get(DOUBLE, index * Double.BYTES);
        case I32, I64, U8 -> throw new IllegalStateException(name + ": " + from);
      };
    }

    private short half(long index) {
      if (from == DType.F16) {
        return bytes.get(HALF, index * Short.BYTES);
      }
      float value = value(index);
      short half = Float.floatToFloat16(value);
      if (Float.isInfinite(Float.float16ToFloat(half)) && !Float.isInfinite(value)) {
        throw new DeviceException(
            name
                + ": expected values within 65504 for float16, got "
                + value
                + "; run this model in float32");
      }
      return half;
    }
  }

  @Override
  public long byteSize() {
    return blocks.stream().mapToLong(CudaMemory::byteSize).sum();
  }

  @Override
  public void close() {
    tensors.clear();
    blocks.forEach(CudaMemory::close);
    blocks.clear();
  }
}
