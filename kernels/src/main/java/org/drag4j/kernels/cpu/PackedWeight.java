package org.drag4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import org.drag4j.tensor.DType;

/**
 * A matrix {@code [O][I][taps]} as the inner kernel reads it: panels of columns, each {@code
 * [taps][I][width]}. A last panel of few columns is narrow; what it is still short of is zero.
 */
final class PackedWeight {
  private final Elements[] panels;
  private final int columns;
  private final int panelWidth;
  private final boolean narrow;
  private final int lastWidth;
  private final RowMath math;

  /** Packs {@code bytes}, readable by all threads, all of which work. */
  PackedWeight(
      CpuContext context, MemorySegment bytes, DType dtype, int columns, int inner, int taps) {
    this.columns = columns;
    math = context.math();
    int width = context.gemm().panelWidth();
    int few = context.gemm().narrow().panelWidth();
    int over = columns % width;
    panelWidth = width;
    narrow = over > 0 && over <= few;
    lastWidth = narrow ? few : width;
    panels = new Elements[Math.ceilDiv(columns, width)];
    context
        .workers()
        .run(
            panels.length,
            (p, _) ->
                panels[p] =
                    Elements.transposed(
                        bytes, dtype, p * width, columns(p), inner, taps, panelWidth(p)));
  }

  int panels() {
    return panels.length;
  }

  /** Columns of the whole matrix. */
  int columns() {
    return columns;
  }

  /** Columns of every panel but, perhaps, the last. */
  int panelWidth() {
    return panelWidth;
  }

  /** Columns of a panel that are not padding. */
  int columns(int panel) {
    return Math.min(panelWidth, columns - panel * panelWidth);
  }

  /** Columns of a panel with its padding. */
  int panelWidth(int panel) {
    return panel == panels.length - 1 ? lastWidth : panelWidth;
  }

  /** The kernel for a panel; its width is the panel's. */
  Gemm gemm(CpuContext context, int panel) {
    return narrow && panel == panels.length - 1 ? context.gemm().narrow() : context.gemm();
  }

  /**
   * Rows {@code from} to {@code from + count} of a panel as floats, in {@code scratch} at 0 or in
   * an array of its own, where they start at {@link #start}.
   */
  float[] rows(int panel, int from, int count, float[] scratch) {
    if (panels[panel] instanceof Elements.Bits32 f) {
      return f.values();
    }
    int width = panelWidth(panel);
    panels[panel].widen(math, from * width, count * width, scratch, 0);
    return scratch;
  }

  /** Copies rows {@code from} to {@code from + count} of a panel as floats. */
  void copyRows(int panel, int from, int count, float[] to, int at) {
    int width = panelWidth(panel);
    panels[panel].widen(math, from * width, count * width, to, at);
  }

  /** Where {@link #rows} from row {@code from} on start in their array. */
  int start(int panel, int from) {
    return panels[panel] instanceof Elements.Bits32 ? from * panelWidth(panel) : 0;
  }

  long byteSize() {
    long sum = 0;
    for (var p : panels) {
      sum += p.byteSize();
    }
    return sum;
  }
}
