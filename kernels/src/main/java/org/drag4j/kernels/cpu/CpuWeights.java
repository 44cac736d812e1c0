package org.drag4j.kernels.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import org.drag4j.device.DeviceMemoryException;
import org.drag4j.device.DeviceWeights;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.tensor.WeightSource;

/** A network's weights as the kernels want them: one packed copy, made when first asked for. */
final class CpuWeights implements DeviceWeights {
  /**
   * Bytes that are copied in less time than it takes to stop all threads, as a shared arena does.
   */
  private static final long SMALL = 1 << 20;

  private final WeightSource source;
  private final CpuContext context;
  private final Map<String, PackedWeight> packed = new HashMap<>();
  private final Map<String, float[]> vectors = new HashMap<>();
  private final Map<String, Elements> tables = new HashMap<>();

  CpuWeights(WeightSource source, CpuContext context) {
    this.source = source;
    this.context = context;
  }

  /**
   * The matrix {@code [columns][inner][taps]} of a linear layer ({@code taps} 1) or convolution, in
   * panels.
   *
   * @throws WeightMismatchException where it is missing, of another size or not floating point
   */
  PackedWeight packed(String name, int columns, int inner, int taps) {
    var have = packed.get(name);
    if (have == null) {
      int count = Math.toIntExact((long) columns * inner * taps);
      have =
          copied(
              name,
              true,
              count,
              (bytes, dtype) -> new PackedWeight(context, bytes, dtype, columns, inner, taps));
      packed.put(name, have);
    }
    return have;
  }

  /**
   * A bias, scale or shift as floats, not to be written to.
   *
   * @throws WeightMismatchException where it is missing or not floating point
   */
  float[] vector(String name) {
    var have = vectors.get(name);
    if (have == null) {
      int count = Math.toIntExact(entry(name).shape().size());
      have = new float[count];
      elements(name, count).widen(context.math(), 0, count, have, 0);
      vectors.put(name, have);
    }
    return have;
  }

  /**
   * A table in the checkpoint's order and precision.
   *
   * @throws WeightMismatchException where it is missing, of another size or not floating point
   */
  Elements table(String name, int count) {
    var have = tables.get(name);
    if (have == null) {
      have = elements(name, count);
      tables.put(name, have);
    }
    return have;
  }

  private Elements elements(String name, int count) {
    return copied(
        name, false, count, (bytes, dtype) -> Elements.copyOf(context.math(), bytes, dtype, count));
  }

  private interface Copying<T> {
    T copy(MemorySegment bytes, DType dtype);
  }

  /**
   * A copy of a tensor, whose bytes are checked to be as many as they must be.
   *
   * @param workers whether {@code copying} reads in other threads than this
   */
  private <T> T copied(String name, boolean workers, int count, Copying<T> copying) {
    var entry = entry(name);
    if (entry.shape().size() != count) {
      throw WeightMismatchException.of(source, name, count + " elements", entry.shape().toString());
    }
    switch (entry.dtype()) {
      case F16, BF16, F32, F64 -> {}
      case I32, I64, U8 ->
          throw WeightMismatchException.of(
              source, name, "F16, BF16, F32 or F64", entry.dtype().toString());
    }
    long expected = (long) count * entry.dtype().bytes();
    boolean onHeap = workers && expected <= SMALL;
    // Closed at once: the mapped pages go back, so that the file is never in memory as a whole.
    try (var arena = workers && !onHeap ? Arena.ofShared() : Arena.ofConfined()) {
      var bytes = source.bytes(name, arena);
      if (bytes.byteSize() != expected) {
        throw WeightMismatchException.of(
            source, name, expected + " bytes", Long.toString(bytes.byteSize()));
      }
      if (onHeap) {
        bytes = MemorySegment.ofArray(bytes.toArray(ValueLayout.JAVA_BYTE));
      }
      return copying.copy(bytes, entry.dtype());
    } catch (OutOfMemoryError e) {
      throw new DeviceMemoryException(
          "cpu: weights: the Java heap of "
              + (Runtime.getRuntime().maxMemory() >> 20)
              + " MB is full at "
              + name
              + ", "
              + (byteSize() >> 20)
              + " MB of weights loaded; try DRAG4J_JAVA_OPTS=-Xmx with more",
          e);
    }
  }

  private WeightSource.Entry entry(String name) {
    return source
        .entry(name)
        .orElseThrow(
            () -> WeightMismatchException.of(source, name, "a tensor of that name", "none"));
  }

  @Override
  public long byteSize() {
    long sum = 0;
    for (var w : packed.values()) {
      sum += w.byteSize();
    }
    for (var v : vectors.values()) {
      sum += (long) v.length * Float.BYTES;
    }
    for (var t : tables.values()) {
      sum += t.byteSize();
    }
    return sum;
  }

  @Override
  public void close() {
    context.reclaim().released(byteSize());
    packed.clear();
    vectors.clear();
    tables.clear();
  }
}
