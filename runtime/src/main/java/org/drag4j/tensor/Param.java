package org.drag4j.tensor;

/**
 * A weight as its layer requires it.
 *
 * @param name in the checkpoint
 * @param fileShape shape in the checkpoint
 * @param layout order of the elements in the checkpoint
 */
public record Param(String name, Shape fileShape, Layout layout) {
  /** A tensor in the engine's order. */
  public static Param of(String name, Shape shape) {
    return new Param(name, shape, Layout.SAME);
  }

  /** The filter of a convolution, {@code [O, kh, kw, I]} in the engine. */
  public static Param filter(String name, int out, int height, int width, int in) {
    return new Param(name, Shape.of(out, in, height, width), Layout.OIHW);
  }

  /** Shape in the engine. */
  public Shape shape() {
    return layout.ours(fileShape);
  }

  /**
   * Window positions of a filter, innermost in the checkpoint; 1 where the order is the engine's.
   */
  public int taps() {
    return switch (layout) {
      case SAME -> 1;
      case OIHW -> Math.multiplyExact(fileShape.dim(2), fileShape.dim(3));
    };
  }

  /** Elements of each of the {@link #taps} of an output: the innermost dimension in the engine. */
  public int inner() {
    return switch (layout) {
      case SAME -> fileShape.rank() == 0 ? 1 : fileShape.dim(-1);
      case OIHW -> fileShape.dim(1);
    };
  }

  /** Index in the checkpoint of the element of index {@code i} in the engine's order. */
  public long position(long i) {
    int taps = taps();
    if (taps == 1) {
      return i;
    }
    long inner = inner();
    long window = inner * taps;
    return i / window * window + i % inner * taps + i % window / inner;
  }
}
