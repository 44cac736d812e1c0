package org.drag4j.kernels.cpu;

import java.lang.foreign.MemorySegment;
import org.drag4j.tensor.DType;

/**
 * A matrix {@code [O][I][taps]} as the inner kernel reads it: panels of columns, each {@code
 * [taps][I][width]}. A last panel of few columns is narrow; what it is still short of is zero.
 */
final class PackedWeight {
  /**
   * Where the panels are.
   *
   * @param columns O
   * @param inner I
   * @param panelWidth columns of every panel but, perhaps, the last
   * @param lastWidth columns of the last panel with its padding
   */
  record Layout(int columns, int inner, int taps, int panelWidth, int lastWidth) {
    /** Panels as wide as the inner kernels read them. */
    static Layout of(Gemm gemm, int columns, int inner, int taps) {
      int few = gemm.narrow().panelWidth();
      int over = columns % gemm.panelWidth();
      int last = over > 0 && over <= few ? few : gemm.panelWidth();
      return new Layout(columns, inner, taps, gemm.panelWidth(), last);
    }

    int panels() {
      return Math.ceilDiv(columns, panelWidth);
    }

    /** Columns of a panel that are not padding. */
    int columns(int panel) {
      return Math.min(panelWidth, columns - panel * panelWidth);
    }

    /** Columns of a panel with its padding. */
    int width(int panel) {
      return panel == panels() - 1 ? lastWidth : panelWidth;
    }

    /** Rows of every panel. */
    int rows() {
      return taps * inner;
    }

    /** Where a panel's first row starts. */
    int start(int panel) {
      return panel * rows() * panelWidth;
    }

    /** Elements of all panels. */
    int size() {
      long wide = (panels() - 1L) * panelWidth;
      return Math.toIntExact((wide + lastWidth) * rows());
    }
  }

  /** Numbers of a row that are turned at a time. */
  private static final int RUN = 96;

  private final Layout layout;
  private final Elements elements;
  private final RowMath math;

  /** Packs {@code bytes}, readable by all threads, all of which work. */
  PackedWeight(
      CpuContext context, MemorySegment bytes, DType dtype, int columns, int inner, int taps) {
    layout = Layout.of(context.gemm(), columns, inner, taps);
    math = context.math();
    elements = Elements.panels(context, bytes, dtype, layout);
  }

  private PackedWeight(CpuContext context, Layout layout) {
    this.layout = layout;
    math = context.math();
    elements = new Elements.Bits32(new float[0]);
  }

  /** Room for a matrix {@code [columns][inner]} that has no place yet. */
  static PackedWeight room(CpuContext context, int columns, int inner) {
    return new PackedWeight(context, Layout.of(context.gemm(), columns, inner, 1));
  }

  /** Puts the room there. */
  void move(float[] floats, int start) {
    if (elements instanceof Elements.Bits32 f) {
      f.move(floats, start);
    }
  }

  /** Packs a panel of a matrix {@code [columns][inner]} that starts there into the room. */
  void pack(int panel, float[] from, int at) {
    if (!(elements instanceof Elements.Bits32 to)) {
      return;
    }
    int inner = layout.rows();
    int count = layout.columns(panel);
    int width = layout.width(panel);
    int first = at + panel * layout.panelWidth() * inner;
    int start = to.start() + layout.start(panel);
    for (int begin = 0; begin < inner; begin += RUN) {
      int end = Math.min(inner, begin + RUN);
      for (int j = 0; j < width; j++) {
        for (int i = begin; i < end; i++) {
          to.values()[start + i * width + j] = j < count ? from[first + j * inner + i] : 0;
        }
      }
    }
  }

  int panels() {
    return layout.panels();
  }

  /** Columns of the whole matrix. */
  int columns() {
    return layout.columns();
  }

  /** Columns of every panel but, perhaps, the last. */
  int panelWidth() {
    return layout.panelWidth();
  }

  /** Columns of a panel that are not padding. */
  int columns(int panel) {
    return layout.columns(panel);
  }

  /** Columns of a panel with its padding. */
  int panelWidth(int panel) {
    return layout.width(panel);
  }

  /** The kernel for a panel; its width is the panel's. */
  Gemm gemm(CpuContext context, int panel) {
    boolean narrow = layout.width(panel) < layout.panelWidth();
    return narrow ? context.gemm().narrow() : context.gemm();
  }

  /**
   * Rows {@code from} to {@code from + count} of a panel as floats, in {@code scratch} at 0 or in
   * an array of its own, where they start at {@link #start}.
   */
  float[] rows(int panel, int from, int count, float[] scratch) {
    if (elements instanceof Elements.Bits32 f) {
      return f.values();
    }
    copyRows(panel, from, count, scratch, 0);
    return scratch;
  }

  /** Copies rows {@code from} to {@code from + count} of a panel as floats. */
  void copyRows(int panel, int from, int count, float[] to, int at) {
    int width = layout.width(panel);
    elements.widen(math, layout.start(panel) + from * width, count * width, to, at);
  }

  /** Where {@link #rows} from row {@code from} on start in their array. */
  int start(int panel, int from) {
    return elements instanceof Elements.Bits32 f
        ? f.start() + layout.start(panel) + from * layout.width(panel)
        : 0;
  }

  long byteSize() {
    return elements.byteSize();
  }
}
