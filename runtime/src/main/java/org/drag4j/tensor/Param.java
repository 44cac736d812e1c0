package org.drag4j.tensor;

/**
 * A weight as its layer requires it.
 *
 * @param name in the checkpoint
 * @param fileShape there
 * @param layout how the checkpoint's order becomes ours
 */
public record Param(String name, Shape fileShape, Layout layout) {
  /** A tensor whose order is ours. */
  public static Param of(String name, Shape shape) {
    return new Param(name, shape, Layout.SAME);
  }

  /** The filter of a convolution, {@code [O, kh, kw, I]} with us. */
  public static Param filter(String name, int out, int height, int width, int in) {
    return new Param(name, Shape.of(out, in, height, width), Layout.OIHW);
  }

  /** Our shape. */
  public Shape shape() {
    return layout.ours(fileShape);
  }

  /** Window positions of a filter, innermost in the checkpoint; 1 where the order is ours. */
  public int taps() {
    return switch (layout) {
      case SAME -> 1;
      case OIHW -> Math.multiplyExact(fileShape.dim(2), fileShape.dim(3));
    };
  }

  /** Elements of each of the {@link #taps} of an output: the innermost dimension with us. */
  public int inner() {
    return switch (layout) {
      case SAME -> fileShape.rank() == 0 ? 1 : fileShape.dim(-1);
      case OIHW -> fileShape.dim(1);
    };
  }

  /** Index in the checkpoint of the element of index {@code i} in our order. */
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
