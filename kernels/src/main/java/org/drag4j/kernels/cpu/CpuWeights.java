package org.drag4j.kernels.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import org.drag4j.device.DeviceMemoryException;
import org.drag4j.device.DeviceWeights;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
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
  private final Map<Param, PackedWeight> packed = new HashMap<>();
  private final Map<Param, float[]> vectors = new HashMap<>();
  private final Map<Param, Elements> tables = new HashMap<>();

  CpuWeights(WeightSource source, CpuContext context) {
    this.source = source;
    this.context = context;
  }

  /**
   * The matrix of a linear layer or convolution, in panels.
   *
   * @throws WeightMismatchException where it is missing, of another shape or not floating point
   */
  PackedWeight packed(Param param) {
    var have = packed.get(param);
    if (have == null) {
      int columns = param.shape().dim(0);
      int taps = param.taps();
      int inner = Math.toIntExact(param.shape().size() / columns / taps);
      have =
          copied(
              param,
              true,
              (bytes, dtype) -> new PackedWeight(context, bytes, dtype, columns, inner, taps));
      packed.put(param, have);
    }
    return have;
  }

  /**
   * A bias, scale or shift as floats in our order, not to be written to.
   *
   * @throws WeightMismatchException where it is missing, of another shape or not floating point
   */
  float[] vector(Param param) {
    return vectors.computeIfAbsent(param, this::floats);
  }

  private float[] floats(Param param) {
    int count = Math.toIntExact(param.shape().size());
    var file = new float[count];
    elements(param).widen(context.math(), 0, count, file, 0);
    if (param.taps() == 1) {
      return file;
    }
    var ours = new float[count];
    for (int i = 0; i < count; i++) {
      ours[i] = file[(int) param.position(i)];
    }
    return ours;
  }

  /**
   * A table in the checkpoint's precision.
   *
   * @throws WeightMismatchException where it is missing, of another shape or not floating point
   */
  Elements table(Param param) {
    return tables.computeIfAbsent(param, this::elements);
  }

  private Elements elements(Param param) {
    int count = Math.toIntExact(param.shape().size());
    return copied(
        param, false, (bytes, dtype) -> Elements.copyOf(context.math(), bytes, dtype, count));
  }

  private interface Copying<T> {
    T copy(MemorySegment bytes, DType dtype);
  }

  /**
   * A copy of a tensor.
   *
   * @param workers whether {@code copying} reads in other threads than this
   */
  private <T> T copied(Param param, boolean workers, Copying<T> copying) {
    boolean onHeap = workers && source.require(param).byteSize() <= SMALL;
    // Closed at once: the mapped pages go back, so that the file is never in memory as a whole.
    try (var arena = workers && !onHeap ? Arena.ofShared() : Arena.ofConfined()) {
      var stored = source.checked(param, arena);
      var bytes = stored.bytes();
      if (onHeap) {
        bytes = MemorySegment.ofArray(bytes.toArray(ValueLayout.JAVA_BYTE));
      }
      return copying.copy(bytes, stored.dtype());
    } catch (OutOfMemoryError e) {
      throw new DeviceMemoryException(
          "cpu: weights: the Java heap of "
              + (Runtime.getRuntime().maxMemory() >> 20)
              + " MB is full at "
              + param.name()
              + ", "
              + (byteSize() >> 20)
              + " MB of weights loaded; try DRAG4J_JAVA_OPTS=-Xmx with more",
          e);
    }
  }

  /** Vectors are kept as floats, all else in the checkpoint's precision, but no doubles. */
  @Override
  public DType dtype(Param param) {
    var dtype = source.require(param).dtype();
    return param.fileShape().rank() < 2 || dtype == DType.F64 ? DType.F32 : dtype;
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
