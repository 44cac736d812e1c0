package org.drag4j.reference;

import java.lang.foreign.Arena;
import java.nio.ByteOrder;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.tensor.WeightSource;

/** A checkpoint's tensors as numbers. */
public final class WeightValues {
  private WeightValues() {}

  /**
   * The elements as a graph sees them: {@code shape} of rank 4 is {@code [O, kh, kw, I]}.
   *
   * @throws WeightMismatchException where there is no such tensor of numbers with a fraction
   */
  public static double[] of(WeightSource source, String name, Shape shape) {
    var entry =
        source
            .entry(name)
            .orElseThrow(() ->
                new WeightMismatchException(
                    source.origin() + ": " + name + ": expected a tensor of that name, got none"));
    try (var arena = Arena.ofConfined()) {
      var buffer = source.bytes(name, arena).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
      var type = entry.dtype();
      var x = new double[Math.toIntExact(shape.size())];
      for (int i = 0; i < x.length; i++) {
        x[i] =
            switch (type) {
              case F16 -> Float.float16ToFloat(buffer.getShort());
              case BF16 -> Float.intBitsToFloat(buffer.getShort() << 16);
              case F32 -> buffer.getFloat();
              case F64 -> buffer.getDouble();
              case I32, U8, I64 ->
                  throw new WeightMismatchException(
                      source.origin() + ": " + name + ": expected a float type, got " + type);
            };
      }
      return shape.rank() == 4 ? channelsLast(x, entry.shape()) : x;
    }
  }

  private static double[] channelsLast(double[] x, Shape from) {
    int in = from.dim(1);
    int pixels = from.dim(2) * from.dim(3);
    var y = new double[x.length];
    for (int filter = 0; filter < from.dim(0); filter++) {
      for (int channel = 0; channel < in; channel++) {
        for (int pixel = 0; pixel < pixels; pixel++) {
          y[(filter * pixels + pixel) * in + channel] = x[(filter * in + channel) * pixels + pixel];
        }
      }
    }
    return y;
  }
}
