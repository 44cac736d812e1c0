package org.drag4j.kernels.cpu;

/**
 * Minimal filtering F(m x m, 3 x 3): m x m outputs of a 3x3 convolution by (m+2)^2 products instead
 * of 9 m^2. With matrices A, B, G of small numbers, <em>y = A'[(G w G') * (B' x B)]A</em>, products
 * element by element. Each method transforms one vector of channels. Source: Lavin and Gray, Fast
 * Algorithms for Convolutional Neural Networks, 2016.
 *
 * <p>A transform is done in columns, then in rows, each a method small enough for C2 to keep in
 * registers; one method for all of it would be compiled well in some runs and boxed in others.
 */
abstract sealed class Winograd permits Winograd2, Winograd4 {
  private final int outputs;
  private final int inputCost;
  private final int weightCost;
  private final int outputCost;

  /**
   * @param inputCost what the transform of one number's square costs, in multiplications of the
   *     matrix product, memory traffic included
   */
  Winograd(int outputs, int inputCost, int weightCost, int outputCost) {
    this.outputs = outputs;
    this.inputCost = inputCost;
    this.weightCost = weightCost;
    this.outputCost = outputCost;
  }

  /**
   * What a convolution of {@code tiles} tiles costs, in multiplications of the direct sum.
   *
   * @param passes how often the weights are transformed
   */
  final long cost(long tiles, int inner, int columns, int passes) {
    long products = tiles * points() * inner * columns;
    long weights = (long) passes * weightCost * inner * columns;
    return products + weights + tiles * ((long) inputCost * inner + (long) outputCost * columns);
  }

  /** m: side of the square of outputs. */
  final int outputs() {
    return outputs;
  }

  /** m + 2: side of the square of inputs, and of products. */
  final int side() {
    return outputs + 2;
  }

  /** Products an output square takes. */
  final int points() {
    return side() * side();
  }

  /** Floats of scratch memory a transform needs. */
  final int scratch() {
    return points() * Lanes.floats().length();
  }

  /**
   * {@code B' x B}: pixel (i, j) of x is at {@code at + i*rowStep + j*pixelStep}, point p of the
   * result at {@code vStart + p*vStep}.
   */
  abstract void input(
      float[] x,
      int at,
      int rowStep,
      int pixelStep,
      float[] v,
      int vStart,
      int vStep,
      float[] scratch,
      int scratchStart);

  /** {@code G w G'}: tap t of w is at {@code at + t*tapStep}. */
  abstract void weight(
      float[] w,
      int at,
      int tapStep,
      float[] u,
      int uStart,
      int uStep,
      float[] scratch,
      int scratchStart);

  /** {@code A' m A}: point p is at {@code at + p*step}, output (i, j) as the input's pixels are. */
  abstract void output(
      float[] m,
      int at,
      int step,
      float[] y,
      int yStart,
      int rowStep,
      int pixelStep,
      float[] scratch,
      int scratchStart);
}
