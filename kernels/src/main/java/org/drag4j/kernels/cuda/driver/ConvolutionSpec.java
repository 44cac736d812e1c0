package org.drag4j.kernels.cuda.driver;

import org.drag4j.tensor.DType;

/**
 * A convolution {@code y [N, P, Q, K] = x [N, H, W, C] * w [K, R, S, C] (+ bias [K]) (+ residual
 * [N, P, Q, K])}, channels innermost, summed in float32.
 *
 * @param padBefore zeros above and left
 * @param padAfter zeros below and right
 * @param dtype of all operands: F16, BF16 or F32
 */
public record ConvolutionSpec(
    int n,
    int h,
    int w,
    int c,
    int k,
    int r,
    int s,
    int stride,
    int padBefore,
    int padAfter,
    DType dtype,
    boolean bias,
    boolean residual)
    implements Library.Spec {
  public ConvolutionSpec {
    if (n < 1 || h < 1 || w < 1 || c < 1 || k < 1 || r < 1 || s < 1 || stride < 1) {
      throw new IllegalArgumentException(
          "convolution: expected sizes of at least 1, got x "
              + n
              + "x"
              + h
              + "x"
              + w
              + "x"
              + c
              + ", w "
              + k
              + "x"
              + r
              + "x"
              + s
              + ", stride "
              + stride);
    }
    if (padBefore < 0
        || padAfter < 0
        || h + padBefore + padAfter < r
        || w + padBefore + padAfter < s) {
      throw new IllegalArgumentException(
          "convolution: expected the window within the padded picture, got padding "
              + padBefore
              + " and "
              + padAfter
              + " around "
              + h
              + "x"
              + w
              + " for "
              + r
              + "x"
              + s);
    }
    if (dtype != DType.F16 && dtype != DType.BF16 && dtype != DType.F32) {
      throw new IllegalArgumentException("convolution: expected F16, BF16 or F32, got " + dtype);
    }
  }

  /** Height of the result. */
  public int p() {
    return (h + padBefore + padAfter - r) / stride + 1;
  }

  /** Width of the result. */
  public int q() {
    return (w + padBefore + padAfter - s) / stride + 1;
  }
}
