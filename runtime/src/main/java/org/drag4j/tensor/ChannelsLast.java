package org.drag4j.tensor;

/** Between this engine's layout, channels last, and that of the Python tools, channels first. */
public final class ChannelsLast {
  private ChannelsLast() {}

  /** {@code [N, H, W, C]} as {@code [N, C, H, W]}; anything of another rank stays as it is. */
  public static Shape channelsFirst(Shape s) {
    return s.rank() == 4 ? Shape.of(s.dim(0), s.dim(3), s.dim(1), s.dim(2)) : s;
  }

  /** {@code [N, C, H, W]} as {@code [N, H, W, C]}. */
  public static Shape channelsLast(Shape s) {
    return Shape.of(s.dim(0), s.dim(2), s.dim(3), s.dim(1));
  }

  /** Values of shape {@code [N, H, W, C]} reordered to {@code [N, C, H, W]}. */
  public static float[] toChannelsFirst(float[] x, Shape channelsLast) {
    if (channelsLast.rank() != 4) {
      return x;
    }
    int cells = channelsLast.dim(1) * channelsLast.dim(2);
    return transposed(x, channelsLast.dim(0), cells, channelsLast.dim(3));
  }

  /** Values of shape {@code [N, C, H, W]} reordered to {@code [N, H, W, C]}. */
  public static float[] toChannelsLast(float[] x, Shape channelsFirst) {
    int cells = channelsFirst.dim(2) * channelsFirst.dim(3);
    return transposed(x, channelsFirst.dim(0), channelsFirst.dim(1), cells);
  }

  /** {@code [n, rows, columns]} to {@code [n, columns, rows]}. */
  private static float[] transposed(float[] x, int n, int rows, int columns) {
    var y = new float[x.length];
    for (int b = 0; b < n; b++) {
      int from = b * rows * columns;
      for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c++) {
          y[from + c * rows + r] = x[from + r * columns + c];
        }
      }
    }
    return y;
  }
}
