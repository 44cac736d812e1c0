package org.drag4j.tensor;

/**
 * The order of a tensor's elements in a checkpoint, from which they are permuted to the engine's.
 */
public enum Layout {
  /** The same order. */
  SAME,
  /** A convolution's {@code [O, I, H, W]}, which is {@code [O, H, W, I]} in the engine. */
  OIHW;

  /**
   * The engine's shape of a tensor of the checkpoint.
   *
   * @throws IllegalArgumentException where it has not the dimensions that this layout names
   */
  public Shape ours(Shape file) {
    if (this == SAME) {
      return file;
    }
    if (file.rank() != 4) {
      throw new IllegalArgumentException("layout " + this + ": expected 4 dimensions, got " + file);
    }
    return Shape.of(file.dim(0), file.dim(2), file.dim(3), file.dim(1));
  }
}
