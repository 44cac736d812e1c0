package org.drag4j.kernels.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import org.drag4j.tensor.DType;
import org.junit.jupiter.api.Test;

class ElementsTest {
  private static final int HALVES = 1 << 16;

  @Test
  void everyHalfIsKeptAndOnlyInfiniteOnesTakeMoreRoom() {
    for (var math : List.of(new ScalarRowMath(), new VectorRowMath())) {
      for (boolean finite : new boolean[] {true, false}) {
        var bytes = MemorySegment.ofArray(new byte[HALVES * Short.BYTES]);
        for (int i = 0; i < HALVES; i++) {
          short half = finite && !Float.isFinite(Float.float16ToFloat((short) i)) ? 0 : (short) i;
          bytes.set(little(), (long) i * Short.BYTES, half);
        }
        var elements = Elements.copyOf(math, bytes, DType.F16, HALVES);
        assertEquals((long) HALVES * (finite ? Short.BYTES : Float.BYTES), elements.byteSize());
        var floats = new float[HALVES];
        elements.widen(math, 0, HALVES, floats, 0);
        for (int i = 0; i < HALVES; i++) {
          float expected = Float.float16ToFloat(bytes.get(little(), (long) i * Short.BYTES));
          assertEquals(expected, floats[i], "half " + i);
        }
      }
    }
  }

  private static ValueLayout.OfShort little() {
    return ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  }
}
