package org.drag4j.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class TensorTest {
  /** Memory of the test. */
  private static final class Bytes implements DeviceMemory {
    private final byte[] bytes = new byte[64];

    @Override
    public String device() {
      return "test";
    }

    @Override
    public long byteSize() {
      return bytes.length;
    }

    @Override
    public void write(long offset, MemorySegment source) {
      MemorySegment.ofArray(bytes).asSlice(offset).copyFrom(source);
    }

    @Override
    public void read(long offset, MemorySegment target) {
      target.copyFrom(MemorySegment.ofArray(bytes).asSlice(offset, target.byteSize()));
    }

    @Override
    public void close() {}
  }

  private final Bytes memory = new Bytes();

  @Test
  void elementsAreReadAsTheyWereWritten() {
    var t = new Tensor(memory, 8, Shape.of(2, 3), DType.F32);
    t.write(new float[] {1, 2, 3, 4, 5, 6});
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, t.read());
    assertArrayEquals(new float[] {4, 5, 6}, t.batch(1, 1).read());
    assertEquals(Shape.of(1, 3), t.batch(1, 1).shape());
  }

  @Test
  void aTensorEndsWithinItsMemory() {
    assertEquals(64, new Tensor(memory, 0, Shape.of(16), DType.F32).byteSize());
    assertThrows(
        IllegalArgumentException.class, () -> new Tensor(memory, 4, Shape.of(16), DType.F32));
    assertThrows(
        IllegalArgumentException.class, () -> new Tensor(memory, -4, Shape.of(1), DType.F32));
  }

  @Test
  void countAndTypeMustFit() {
    var t = new Tensor(memory, 0, Shape.of(2), DType.F32);
    assertThrows(IllegalArgumentException.class, () -> t.write(new float[3]));
    assertThrows(IllegalArgumentException.class, () -> t.write(new int[2]));
    var ids = new Tensor(memory, 0, Shape.of(2), DType.I32);
    assertThrows(IllegalArgumentException.class, ids::read);
  }
}
