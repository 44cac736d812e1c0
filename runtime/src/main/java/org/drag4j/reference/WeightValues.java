package org.drag4j.reference;

import java.lang.foreign.Arena;
import java.nio.ByteOrder;
import org.drag4j.tensor.Param;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.tensor.WeightSource;

/** A checkpoint's tensors as numbers. */
public final class WeightValues {
  private WeightValues() {}

  /**
   * The elements as a graph sees them.
   *
   * @throws WeightMismatchException where there is no such tensor of numbers with a fraction
   */
  public static double[] of(WeightSource source, Param param) {
    try (var arena = Arena.ofConfined()) {
      var checked = source.checked(param, arena);
      var buffer = checked.bytes().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
      int each = checked.dtype().bytes();
      var x = new double[Math.toIntExact(param.shape().size())];
      for (int i = 0; i < x.length; i++) {
        int at = Math.toIntExact(param.position(i)) * each;
        x[i] =
            switch (checked.dtype()) {
              case F16 -> Float.float16ToFloat(buffer.getShort(at));
              case BF16 -> Float.intBitsToFloat(buffer.getShort(at) << 16);
              case F32 -> buffer.getFloat(at);
              case F64 -> buffer.getDouble(at);
              case I32, U8, I64 -> throw new IllegalStateException(checked.dtype().toString());
            };
      }
      return x;
    }
  }
}
