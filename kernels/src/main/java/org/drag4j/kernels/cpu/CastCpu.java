package org.drag4j.kernels.cpu;

import java.util.Locale;
import java.util.Optional;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.device.Slot;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;

/** Floats rounded to halves, two in the bits of a float, and halves as floats. */
final class CastCpu implements Kernel {
  private final Value node;
  private final DType from;

  private CastCpu(Value node) {
    this.node = node;
    this.from = node.in(0).dtype();
  }

  /** Empty for other types than F32 and F16. */
  static Optional<Kernel> select(Value node) {
    var from = node.in(0).dtype();
    return (from == DType.F32 || from == DType.F16) && from != node.dtype()
        ? Optional.of(new CastCpu(node))
        : Optional.empty();
  }

  @Override
  public String name() {
    return "cast_"
        + node.dtype().name().toLowerCase(Locale.ROOT)
        + "_element_from_"
        + from.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public Launch bind(Bindings at) {
    var x = at.slot(node.in(0));
    var y = at.slot(node);
    int count = Math.toIntExact(node.shape().size());
    return from == DType.F32 ? () -> narrow(x, y, count) : () -> widen(x, y, count);
  }

  private static void narrow(Slot from, Slot to, int count) {
    float[] x = CpuMemory.floats(from);
    int start = CpuMemory.start(from);
    float[] y = CpuMemory.floats(to);
    long first = firstHalf(to);
    for (int i = 0; i < count; i++) {
      int at = (int) ((first + i) / 2);
      int shift = shift(first + i);
      int others = Float.floatToRawIntBits(y[at]) & ~(0xffff << shift);
      int half = Short.toUnsignedInt(Float.floatToFloat16(x[start + i]));
      y[at] = Float.intBitsToFloat(others | half << shift);
    }
  }

  private static void widen(Slot from, Slot to, int count) {
    float[] x = CpuMemory.floats(from);
    long first = firstHalf(from);
    float[] y = CpuMemory.floats(to);
    int start = CpuMemory.start(to);
    for (int i = 0; i < count; i++) {
      int bits = Float.floatToRawIntBits(x[(int) ((first + i) / 2)]);
      y[start + i] = Float.float16ToFloat((short) (bits >> shift(first + i)));
    }
  }

  private static long firstHalf(Slot slot) {
    return slot.tensor().offset() / Short.BYTES;
  }

  /** Where in the bits of its float a half is: the first one in the lower, little endian. */
  private static int shift(long half) {
    return (int) (half % 2) * Short.SIZE;
  }
}
