package org.drag4j.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.drag4j.device.DeviceException;
import org.drag4j.kernels.cuda.driver.FakeCudaDriver;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.tensor.WeightSource;
import org.junit.jupiter.api.Test;

class CudaWeightsTest {
  private static final long STAGING = 64;

  private final FakeCudaDriver driver = new FakeCudaDriver(1 << 28);

  /** A checkpoint of numbers that every type can hold. */
  private static final class Numbers implements WeightSource {

    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Map<String, float[]> numbers = new LinkedHashMap<>();

    Numbers put(String name, Shape shape, DType dtype, float... values) {
      var all = values.length > 0 ? values : new float[Math.toIntExact(shape.size())];
      for (int i = 0; values.length == 0 && i < all.length; i++) {
        all[i] = i % 251 - 100;
      }
      entries.put(name, new Entry(shape, dtype));
      numbers.put(name, all);
      return this;
    }

    @Override
    public String origin() {
      return "test";
    }

    @Override
    public Set<String> names() {
      return entries.keySet();
    }

    @Override
    public Optional<Entry> entry(String name) {
      return Optional.ofNullable(entries.get(name));
    }

    @Override
    public MemorySegment bytes(String name, Arena arena) {
      var entry = entries.get(name);
      var values = numbers.get(name);
      if (entry == null || values == null) {
        throw new WeightMismatchException("test: " + name + ": expected it, got nothing");
      }
      // From an odd address on, as in a file.
      long each = entry.dtype().bytes();
      var bytes = arena.allocate(values.length * each + 1).asSlice(1);
      for (int i = 0; i < values.length; i++) {
        float v = values[i];
        switch (entry.dtype()) {
          case F16 ->
              bytes.set(ValueLayout.JAVA_SHORT_UNALIGNED, i * each, Float.floatToFloat16(v));
          case BF16 ->
              bytes.set(
                  ValueLayout.JAVA_SHORT_UNALIGNED,
                  i * each,
                  (short) (Float.floatToRawIntBits(v) >>> 16));
          case F32 -> bytes.set(ValueLayout.JAVA_FLOAT_UNALIGNED, i * each, v);
          case F64 -> bytes.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, i * each, v);
          case I32, I64, U8 -> bytes.set(ValueLayout.JAVA_BYTE, i * each, (byte) v);
        }
      }
      return bytes.asReadOnly();
    }
  }

  private static float[] read(CudaBackend backend, Tensor tensor) {
    backend.synchronize();
    int count = Math.toIntExact(tensor.shape().size());
    var values = new float[count];
    if (tensor.dtype() == DType.F32) {
      tensor.memory().read(tensor.offset(), MemorySegment.ofArray(values));
      return values;
    }
    var halves = new short[count];
    tensor.memory().read(tensor.offset(), MemorySegment.ofArray(halves));
    for (int i = 0; i < count; i++) {
      values[i] = Float.float16ToFloat(halves[i]);
    }
    return values;
  }

  private CudaWeights weights(CudaBackend backend, WeightSource source) {
    return (CudaWeights) backend.weights(source);
  }

  @Test
  void convolutionsAreRepackedWithChannelsInnermostFromEveryTypeToEveryType() {
    int o = 3;
    int i = 5;
    int kh = 3;
    int kw = 2;
    for (var from : List.of(DType.F16, DType.BF16, DType.F32, DType.F64)) {
      for (var to : List.of(DType.F16, DType.F32)) {
        try (var backend =
            CudaBackend.open(driver, 0, STAGING, DType.F32, _ -> new byte[0], Libraries.NONE)) {
          var source = new Numbers().put("w", Shape.of(o, i, kh, kw), from);
          var got =
              read(backend, weights(backend, source).tensor(Param.filter("w", o, kh, kw, i), to));
          var expected = new float[o * i * kh * kw];
          int at = 0;
          for (int a = 0; a < o; a++) {
            for (int tap = 0; tap < kh * kw; tap++) {
              for (int c = 0; c < i; c++) {
                expected[at++] = ((a * i + c) * kh * kw + tap) % 251 - 100;
              }
            }
          }
          assertArrayEquals(expected, got, from + " to " + to);
        }
      }
    }
    assertEquals(List.of(), driver.leaks());
  }

  @Test
  void matricesAndVectorsKeepTheirOrderAndAreMadeOnce() {
    try (var backend =
        CudaBackend.open(driver, 0, STAGING, DType.F32, _ -> new byte[0], Libraries.NONE)) {
      var source =
          new Numbers()
              .put("matrix", Shape.of(7, 11), DType.F16)
              .put("vector", Shape.of(13), DType.BF16);
      var weights = weights(backend, source);
      var matrix = weights.tensor(Param.of("matrix", Shape.of(7, 11)), DType.F16);
      var vector = weights.tensor(Param.of("vector", Shape.of(13)), DType.F32);
      assertSame(matrix, weights.tensor(Param.of("matrix", Shape.of(7, 11)), DType.F16));
      assertEquals(
          vector.offset(), weights.tensor(Param.of("vector", Shape.of(13)), DType.F32).offset());
      assertEquals(0, vector.offset() % 256);
      for (var t : List.of(matrix, vector)) {
        var got = read(backend, t);
        for (int k = 0; k < got.length; k++) {
          assertEquals(k % 251 - 100, got[k]);
        }
      }
      assertTrue(weights.byteSize() >= 7 * 11 * 2 + 13 * 4);
      weights.close();
      assertEquals(0, weights.byteSize());
    }
    assertEquals(List.of(), driver.leaks());
  }

  @Test
  void largeTensorsGetBlocksOfTheirOwnAndDoNotOverlap() {
    try (var backend =
        CudaBackend.open(driver, 0, 1 << 16, DType.F32, _ -> new byte[0], Libraries.NONE)) {
      var source =
          new Numbers()
              .put("small", Shape.of(10), DType.F32)
              .put("large", Shape.of(9 << 20), DType.F32)
              .put("last", Shape.of(10), DType.F32);
      var weights = weights(backend, source);
      var small = weights.tensor(Param.of("small", Shape.of(10)), DType.F32);
      var large = weights.tensor(Param.of("large", Shape.of(9 << 20)), DType.F32);
      var last = weights.tensor(Param.of("last", Shape.of(10)), DType.F32);
      for (var t : List.of(small, large, last)) {
        var got = read(backend, t);
        for (int k = 0; k < got.length; k += 7) {
          assertEquals(k % 251 - 100, got[k]);
        }
      }
    }
  }

  @Test
  void whatDoesNotFitIsRefused() {
    try (var backend =
        CudaBackend.open(driver, 0, STAGING, DType.F32, _ -> new byte[0], Libraries.NONE)) {
      var source =
          new Numbers()
              .put("w", Shape.of(2, 3), DType.F32)
              .put("ids", Shape.of(4), DType.I32)
              .put("huge", Shape.of(1), DType.F32, 70000f);
      var weights = weights(backend, source);
      assertThrows(
          WeightMismatchException.class,
          () -> weights.tensor(Param.of("w", Shape.of(2, 4)), DType.F16));
      assertThrows(
          WeightMismatchException.class,
          () -> weights.tensor(Param.of("none", Shape.of(1)), DType.F16));
      assertThrows(
          WeightMismatchException.class,
          () -> weights.tensor(Param.of("ids", Shape.of(4)), DType.F16));
      assertThrows(
          IllegalArgumentException.class,
          () -> weights.tensor(Param.of("w", Shape.of(2, 3)), DType.I32));
      var e =
          assertThrows(
              DeviceException.class,
              () -> weights.tensor(Param.of("huge", Shape.of(1)), DType.F16));
      assertTrue(String.valueOf(e.getMessage()).contains("huge: expected values within 65504"));
      assertArrayEquals(
          new float[] {70000f},
          read(backend, weights.tensor(Param.of("huge", Shape.of(1)), DType.F32)));
    }
  }
}
