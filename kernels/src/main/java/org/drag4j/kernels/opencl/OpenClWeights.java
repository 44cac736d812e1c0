package org.drag4j.kernels.opencl;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import org.drag4j.device.DeviceWeights;
import org.drag4j.tensor.DType;
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

  /** Inner numbers a work-item packs: 64 rows of them stay in the first-level cache. */
  private static final int PACKED_TOGETHER = 16;

  /** Numbers on the device, and the type they have there. */
  record Stored(OpenClMemory memory, DType dtype) {}

  private final OpenClContext context;
  private final WeightSource source;
  private final Map<String, Stored> stored = new HashMap<>();

  OpenClWeights(OpenClContext context, WeightSource source) {
    this.context = context;
    this.source = source;
  }

  /**
   * The matrix {@code [columns][inner][taps]} of a linear layer ({@code taps} 1) or convolution, in
   * panels of {@code width} columns, {@code [taps][inner][width]} each.
   *
   * @throws WeightMismatchException where it is missing, of another size or not floating point
   */
  Stored packed(String name, int columns, int inner, int taps, int width) {
    var key = name + "/" + width;
    var have = stored.get(key);
    if (have == null) {
      have = pack(name, columns, inner, taps, width);
      stored.put(key, have);
    }
    return have;
  }

  private Stored pack(String name, int columns, int inner, int taps, int width) {
    long count = (long) columns * inner * taps;
    int panels = Math.ceilDiv(columns, width);
    try (var raw = copied(name, count, false).memory()) {
      var dtype = kept(entry(name).dtype());
      var memory =
          context.allocate(
              (long) panels * width * inner * taps * dtype.bytes(), "weights: " + name);
      var variant = context.variant();
      int each = variant == Variant.PANEL ? PACKED_TOGETHER : 1;
      Call.of(context, "pack", variant, dtype == DType.F32 ? "pack_32" : "pack_16")
          .memory(raw)
          .memory(memory)
          .arg(columns)
          .arg(inner)
          .arg(taps)
          .arg(width)
          .arg(each)
          .over(Math.ceilDiv(inner, each), panels)
          .run();
      // Before the next tensor is read: no more than one is there twice.
      context.finish();
      return new Stored(memory, dtype);
    }
  }

  /**
   * A bias, scale or shift as floats.
   *
   * @throws WeightMismatchException where it is missing or not floating point
   */
  Stored vector(String name) {
    return stored.computeIfAbsent(
        name + "/vector", _ -> copied(name, entry(name).shape().size(), true));
  }

  /**
   * A table in the checkpoint's order and precision.
   *
   * @throws WeightMismatchException where it is missing, of another size or not floating point
   */
  Stored table(String name, long count) {
    return stored.computeIfAbsent(name + "/table", _ -> copied(name, count, false));
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

  private Stored copied(String name, long count, boolean asFloats) {
    var entry = entry(name);
    if (entry.shape().size() != count) {
      throw WeightMismatchException.of(source, name, count + " elements", entry.shape().toString());
    }
    var dtype = asFloats ? DType.F32 : kept(entry.dtype());
    switch (entry.dtype()) {
      case F16, BF16, F32, F64 -> {}
      case I32, I64, U8 ->
          throw WeightMismatchException.of(
              source, name, "F16, BF16, F32 or F64", entry.dtype().toString());
    }
    // Closed at once: the mapped pages go back, so that the file is never in memory as a whole.
    try (var arena = Arena.ofConfined()) {
      var bytes = source.bytes(name, arena);
      long expected = count * entry.dtype().bytes();
      if (bytes.byteSize() != expected) {
        throw WeightMismatchException.of(
            source, name, expected + " bytes", Long.toString(bytes.byteSize()));
      }
      var memory = context.allocate(count * dtype.bytes(), "weights: " + name);
      if (dtype == entry.dtype()) {
        memory.write(0, bytes);
      } else {
        widen(bytes, entry.dtype(), memory, count);
      }
      return new Stored(memory, dtype);
    }
  }

  private static void widen(MemorySegment bytes, DType from, OpenClMemory to, long count) {
    to.access(
        0,
        count * Float.BYTES,
        CL.CL_MAP_WRITE_INVALIDATE_REGION,
        (window, start) -> {
          long first = start / Float.BYTES;
          for (long i = 0; i < window.byteSize() / Float.BYTES; i++) {
            window.setAtIndex(ValueLayout.JAVA_FLOAT, i, number(bytes, from, first + i));
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

  private WeightSource.Entry entry(String name) {
    return source
        .entry(name)
        .orElseThrow(
            () -> WeightMismatchException.of(source, name, "a tensor of that name", "none"));
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
