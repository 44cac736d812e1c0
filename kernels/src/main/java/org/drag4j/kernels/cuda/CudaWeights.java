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
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.tensor.WeightSource;

/**
 * A network's weights on the device: each tensor is converted and repacked on its way there when
 * first asked for, and kept once for each element type.
 */
final class CudaWeights implements DeviceWeights {
  /** Most bytes of a block that tensors share: the driver's own allocations are far apart. */
  private static final long BLOCK = 32L << 20;

  /** Vector loads and matrix units want whole lines. */
  private static final long ALIGNMENT = 256;

  private static final ValueLayout.OfShort HALF =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private record Key(Param param, DType dtype) {}

  private final WeightSource source;
  private final CudaHeap heap;
  private final DType activations;
  private final Map<Key, Tensor> tensors = new HashMap<>();
  private final List<CudaMemory> blocks = new ArrayList<>();
  private long used;

  /** Weights on a device whose activations are of this type. */
  CudaWeights(WeightSource source, CudaHeap heap, DType activations) {
    this.source = source;
    this.heap = heap;
    this.activations = activations;
  }

  /**
   * A tensor of the checkpoint in the engine's order, of this type.
   *
   * @param dtype F16 or F32
   * @throws WeightMismatchException where it is missing, of another shape or not floating point
   * @throws DeviceException where a value is too large for F16
   */
  Tensor tensor(Param param, DType dtype) {
    if (dtype != DType.F16 && dtype != DType.F32) {
      throw new IllegalArgumentException(param.name() + ": expected F16 or F32, got " + dtype);
    }
    var key = new Key(param, dtype);
    var have = tensors.get(key);
    if (have == null) {
      have = upload(param, dtype);
      tensors.put(key, have);
    }
    return have;
  }

  private Tensor upload(Param param, DType dtype) {
    source.require(param);
    var tensor = place(param.shape(), dtype);
    // Closed at once: the mapped pages go back, so that the file is never in memory as a whole.
    try (var arena = Arena.ofConfined()) {
      var order = new Repacking(param, source.checked(param, arena), dtype);
      long address = ((CudaMemory) tensor.memory()).address() + tensor.offset();
      heap.staging().write(address, tensor.byteSize(), dtype.bytes(), order::fill);
    }
    return tensor;
  }

  /** Where the next tensor goes. */
  private Tensor place(Shape shape, DType dtype) {
    long bytes = Math.multiplyExact(shape.size(), dtype.bytes());
    if (blocks.isEmpty() || bytes > blocks.getLast().byteSize() - used) {
      long size = Math.max(bytes, Math.min(BLOCK, allBytes()));
      blocks.add(heap.allocate(size, "weights of " + source.origin()));
      used = 0;
    }
    var tensor = new Tensor(blocks.getLast(), used, shape, dtype);
    used = Math.min(aligned(Math.addExact(used, bytes)), blocks.getLast().byteSize());
    return tensor;
  }

  /** Of all tensors as activations are stored: a small checkpoint takes no whole block. */
  private long allBytes() {
    return source.names().stream()
        .flatMap(name -> source.entry(name).stream())
        .mapToLong(entry -> aligned(Math.multiplyExact(entry.shape().size(), activations.bytes())))
        .reduce(0, Math::addExact);
  }

  private static long aligned(long bytes) {
    return Math.addExact(bytes, ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** Elements in the engine's order and the device's type. */
  private record Repacking(Param param, WeightSource.Checked file, DType to) {
    /** Writes the elements from byte {@code at} of the result on. */
    void fill(MemorySegment part, long at) {
      long first = at / to.bytes();
      long count = part.byteSize() / to.bytes();
      if (param.taps() == 1 && file.dtype() == to) {
        MemorySegment.copy(file.bytes(), at, part, 0, part.byteSize());
        return;
      }
      long inner = param.inner();
      long taps = param.taps();
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
      var bytes = file.bytes();
      return switch (file.dtype()) {
        case F32 -> bytes.get(FLOAT, index * Float.BYTES);
        case F16 -> Float.float16ToFloat(bytes.get(HALF, index * Short.BYTES));
        case BF16 -> Float.intBitsToFloat(bytes.get(HALF, index * Short.BYTES) << 16);
        case F64 -> (float) bytes.get(DOUBLE, index * Double.BYTES);
        case I32, I64, U8 -> throw new IllegalStateException(param + ": " + file.dtype());
      };
    }

    private short half(long index) {
      if (file.dtype() == DType.F16) {
        return file.bytes().get(HALF, index * Short.BYTES);
      }
      float value = value(index);
      short half = Float.floatToFloat16(value);
      if (Float.isInfinite(Float.float16ToFloat(half)) && !Float.isInfinite(value)) {
        throw new DeviceException(
            param.name()
                + ": expected values within 65504 for float16, got "
                + value
                + "; run this model in float32");
      }
      return half;
    }
  }

  /** Weights are kept in the type of activations. */
  @Override
  public DType dtype(Param param) {
    return activations;
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
