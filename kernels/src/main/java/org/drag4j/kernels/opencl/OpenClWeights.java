package org.drag4j.kernels.opencl;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongUnaryOperator;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.Slot;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.tensor.WeightSource;
import org.jocl.CL;

/**
 * A network's weights on an OpenCL device, made when first asked for: 16 bits stay 16 bits, doubles
 * are rounded to floats.
 */
final class OpenClWeights implements DeviceWeights {
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Numbers on the device, and the type they have there. */
  record Stored(OpenClMemory memory, DType dtype) {
    /** As an operand that is never anywhere else. */
    Slot slot() {
      int count = Math.toIntExact(memory.byteSize() / dtype.bytes());
      return new Slot(new Tensor(memory, 0, Shape.of(count), dtype));
    }
  }

  private final OpenClContext context;
  private final WeightSource source;
  private final Map<String, Stored> stored = new HashMap<>();

  OpenClWeights(OpenClContext context, WeightSource source) {
    this.context = context;
    this.source = source;
  }

  /**
   * The matrix of a linear layer or convolution, in panels of {@code width} columns.
   *
   * @throws WeightMismatchException where it is missing, of another shape or not floating point
   */
  Stored packed(Param param, int width) {
    var key = param + "/" + width;
    var have = stored.get(key);
    if (have == null) {
      have = pack(param, width);
      stored.put(key, have);
    }
    return have;
  }

  private Stored pack(Param param, int width) {
    int columns = param.shape().dim(0);
    int taps = param.taps();
    int inner = Math.toIntExact(param.shape().size() / columns / taps);
    int panels = Math.ceilDiv(columns, width);
    var raw = copied(param, false);
    try (var _ = raw.memory()) {
      long bytes = (long) panels * width * inner * taps * raw.dtype().bytes();
      var packed = new Stored(context.allocate(bytes, "weights: " + param.name()), raw.dtype());
      Factors.pack(context, raw.slot(), packed.slot(), columns, inner, taps, width).run();
      // Before the next tensor is read: no more than one is there twice.
      context.finish();
      return packed;
    }
  }

  /**
   * A bias, scale or shift as floats in our order.
   *
   * @throws WeightMismatchException where it is missing, of another shape or not floating point
   */
  Stored vector(Param param) {
    return stored.computeIfAbsent(param + "/vector", _ -> copied(param, true));
  }

  /**
   * A table in the checkpoint's precision.
   *
   * @throws WeightMismatchException where it is missing, of another shape or not floating point
   */
  Stored table(Param param) {
    return stored.computeIfAbsent(param + "/table", _ -> copied(param, false));
  }

  /** Numbers that are nobody's weights but live as long; the name tells them all. */
  Stored constants(String name, float[] values) {
    return stored.computeIfAbsent(
        name + "/constants",
        _ -> {
          var memory = context.allocate((long) values.length * Float.BYTES, name);
          memory.write(0, MemorySegment.ofArray(values));
          return new Stored(memory, DType.F32);
        });
  }

  /** A tensor as floats in our order, or in the checkpoint's order and precision. */
  private Stored copied(Param param, boolean asFloats) {
    // Closed at once: the mapped pages go back, so that the file is never in memory as a whole.
    try (var arena = Arena.ofConfined()) {
      var checked = source.checked(param, arena);
      var dtype = asFloats ? DType.F32 : kept(checked.dtype());
      long count = param.shape().size();
      var memory = context.allocate(count * dtype.bytes(), "weights: " + param.name());
      if (dtype == checked.dtype() && (!asFloats || param.taps() == 1)) {
        memory.write(0, checked.bytes());
      } else {
        widen(checked, asFloats ? param::position : i -> i, memory, count);
      }
      return new Stored(memory, dtype);
    }
  }

  private static void widen(
      WeightSource.Checked from, LongUnaryOperator position, OpenClMemory to, long count) {
    to.access(
        0,
        count * Float.BYTES,
        CL.CL_MAP_WRITE_INVALIDATE_REGION,
        (window, start) -> {
          long first = start / Float.BYTES;
          for (long i = 0; i < window.byteSize() / Float.BYTES; i++) {
            long at = position.applyAsLong(first + i);
            window.setAtIndex(ValueLayout.JAVA_FLOAT, i, number(from.bytes(), from.dtype(), at));
          }
        });
  }

  private static float number(MemorySegment bytes, DType dtype, long index) {
    return switch (dtype) {
      case F32 -> bytes.get(FLOAT, index * Float.BYTES);
      case F64 -> (float) bytes.get(DOUBLE, index * Double.BYTES);
      case F16 -> Float.float16ToFloat(bytes.get(SHORT, index * Short.BYTES));
      case BF16 -> Float.intBitsToFloat(bytes.get(SHORT, index * Short.BYTES) << 16);
      case I32, I64, U8 -> throw new IllegalArgumentException("expected floats, got " + dtype);
    };
  }

  /** The type in which numbers of a checkpoint are kept. */
  private static DType kept(DType dtype) {
    return dtype == DType.F64 ? DType.F32 : dtype;
  }

  /** Vectors are kept as floats, all else in the checkpoint's precision, but no doubles. */
  @Override
  public DType dtype(Param param) {
    return param.fileShape().rank() < 2 ? DType.F32 : kept(source.require(param).dtype());
  }

  @Override
  public long byteSize() {
    return stored.values().stream().mapToLong(s -> s.memory().byteSize()).sum();
  }

  @Override
  public void close() {
    stored.values().forEach(s -> s.memory().close());
    stored.clear();
  }
}
