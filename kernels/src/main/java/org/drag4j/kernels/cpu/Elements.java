package org.drag4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicBoolean;
import org.drag4j.tensor.DType;

/**
 * Numbers of a checkpoint in the precision it has them in: 16 bits stay 16 bits until they are
 * used. Doubles are rounded to floats.
 */
sealed interface Elements {
  /**
   * Copies little-endian numbers.
   *
   * @throws IllegalArgumentException for a type that is not a floating-point one
   */
  static Elements copyOf(RowMath math, MemorySegment bytes, DType dtype, int count) {
    if (is16Bits(dtype)) {
      var bits = new short[count];
      Source.read(bytes, 0, count, bits, 0);
      return of(bits, dtype, dtype == DType.BF16 || math.allFinite(bits, 0, count));
    }
    var values = new float[count];
    Source.read(bytes, dtype, 0, count, values, 0);
    return new Bits32(values);
  }

  /**
   * Panels of columns one after the other: of a matrix {@code [rows][inner][taps]} of little-endian
   * numbers, transposed, each {@code [taps][inner][width]}, zero where the matrix has no more rows.
   * All threads work, one at a panel.
   *
   * @throws IllegalArgumentException for a type that is not a floating-point one
   */
  static Elements panels(
      CpuContext context, MemorySegment bytes, DType dtype, PackedWeight.Layout layout) {
    var workers = context.workers();
    if (is16Bits(dtype)) {
      var to = new short[layout.size()];
      var finite = new AtomicBoolean(true);
      workers.run(
          layout.panels(),
          (p, _) -> {
            Source.transpose(bytes, layout, p, to);
            int count = layout.rows() * layout.width(p);
            if (dtype == DType.F16 && !context.math().allFinite(to, layout.start(p), count)) {
              finite.set(false);
            }
          });
      return of(to, dtype, finite.get());
    }
    var to = new float[layout.size()];
    workers.run(layout.panels(), (p, _) -> Source.transpose(bytes, dtype, layout, p, to));
    return new Bits32(to);
  }

  /** Halves that are infinite or no numbers, which no sound checkpoint has, become floats. */
  private static Elements of(short[] bits, DType dtype, boolean finite) {
    if (finite) {
      return new Bits16(bits, dtype == DType.BF16);
    }
    var values = new float[bits.length];
    for (int i = 0; i < bits.length; i++) {
      values[i] = Float.float16ToFloat(bits[i]);
    }
    return new Bits32(values);
  }

  private static boolean is16Bits(DType dtype) {
    return switch (dtype) {
      case F16, BF16 -> true;
      case F32, F64 -> false;
      case I32, I64, U8 ->
          throw new IllegalArgumentException("expected F16, BF16, F32 or F64, got " + dtype);
    };
  }

  /** Bytes held. */
  long byteSize();

  /** {@code to[at + i] = this[from + i]} for {@code 0 <= i < count}. */
  void widen(RowMath math, int from, int count, float[] to, int at);

  /** How numbers are read and turned; the same for 16 and for 32 bits. */
  final class Source {
    /** Numbers of a row that are turned at a time: 64 rows stay in the first-level cache. */
    private static final int RUN = 96;

    private static final ValueLayout.OfShort SHORT =
        ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
        ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
        ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Source() {}

    private static void read(MemorySegment bytes, long from, int count, short[] to, int at) {
      MemorySegment.copy(bytes, SHORT, from * Short.BYTES, to, at, count);
    }

    private static void read(
        MemorySegment bytes, DType dtype, long from, int count, float[] to, int at) {
      if (dtype == DType.F32) {
        MemorySegment.copy(bytes, FLOAT, from * Float.BYTES, to, at, count);
        return;
      }
      for (int i = 0; i < count; i++) {
        to[at + i] = (float) bytes.get(DOUBLE, (from + i) * Double.BYTES);
      }
    }

    private static void transpose(
        MemorySegment bytes, PackedWeight.Layout layout, int panel, short[] to) {
      int taps = layout.taps();
      int inner = layout.inner();
      int count = layout.columns(panel);
      int width = layout.width(panel);
      int first = panel * layout.panelWidth();
      int block = Math.max(1, RUN / taps);
      var rows = new short[count * block * taps];
      for (int i = 0; i < inner; i += block) {
        int n = Math.min(block, inner - i);
        for (int j = 0; j < count; j++) {
          long at = ((long) (first + j) * inner + i) * taps;
          read(bytes, at, n * taps, rows, j * n * taps);
        }
        for (int tap = 0; tap < taps; tap++) {
          int start = layout.start(panel) + (tap * inner + i) * width;
          transpose(rows, tap, taps, n, count, to, start, width);
        }
      }
    }

    private static void transpose(
        MemorySegment bytes, DType dtype, PackedWeight.Layout layout, int panel, float[] to) {
      int taps = layout.taps();
      int inner = layout.inner();
      int count = layout.columns(panel);
      int width = layout.width(panel);
      int first = panel * layout.panelWidth();
      int block = Math.max(1, RUN / taps);
      var rows = new float[count * block * taps];
      for (int i = 0; i < inner; i += block) {
        int n = Math.min(block, inner - i);
        for (int j = 0; j < count; j++) {
          long at = ((long) (first + j) * inner + i) * taps;
          read(bytes, dtype, at, n * taps, rows, j * n * taps);
        }
        for (int tap = 0; tap < taps; tap++) {
          int start = layout.start(panel) + (tap * inner + i) * width;
          transpose(rows, tap, taps, n, count, to, start, width);
        }
      }
    }

    /** {@code to[start + i*width + j] = rows[j][i][tap]} of {@code rows [count][n][taps]}. */
    private static void transpose(
        short[] rows, int tap, int taps, int n, int count, short[] to, int start, int width) {
      for (int j = 0; j < count; j++) {
        int from = j * n * taps + tap;
        for (int i = 0; i < n; i++) {
          to[start + i * width + j] = rows[from + i * taps];
        }
      }
    }

    private static void transpose(
        float[] rows, int tap, int taps, int n, int count, float[] to, int start, int width) {
      for (int j = 0; j < count; j++) {
        int from = j * n * taps + tap;
        for (int i = 0; i < n; i++) {
          to[start + i * width + j] = rows[from + i * taps];
        }
      }
    }
  }

  /** Finite IEEE halves, or the upper halves of floats. */
  final class Bits16 implements Elements {
    private final short[] bits;
    private final boolean brain;

    private Bits16(short[] bits, boolean brain) {
      this.bits = bits;
      this.brain = brain;
    }

    @Override
    public long byteSize() {
      return (long) bits.length * Short.BYTES;
    }

    @Override
    public void widen(RowMath math, int from, int count, float[] to, int at) {
      if (brain) {
        math.widenBrain(bits, from, to, at, count);
      } else {
        math.widenHalf(bits, from, to, at, count);
      }
    }
  }

  /** Floats, of an array that may be another one later. */
  final class Bits32 implements Elements {
    private float[] values;
    private int start;

    Bits32(float[] values) {
      this.values = values;
    }

    /** Makes these the floats of {@code other} from {@code first} on. */
    void move(float[] other, int first) {
      values = other;
      start = first;
    }

    /** Index of the first one. */
    int start() {
      return start;
    }

    /** The floats themselves. */
    float[] values() {
      return values;
    }

    @Override
    public long byteSize() {
      return (long) values.length * Float.BYTES;
    }

    @Override
    public void widen(RowMath math, int from, int count, float[] to, int at) {
      System.arraycopy(values, start + from, to, at, count);
    }
  }
}
