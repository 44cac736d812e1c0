package org.drag4j.kernels.cuda.driver;

import org.drag4j.tensor.DType;

/**
 * Matrix products {@code d[M, N] = scale * a[M, K] b (+ bias[N]) (+ residual[M, N])}, row major,
 * summed in float32; the residual lies as {@code d} does. {@code b} is {@code [N, K]} where {@code
 * transposeB}, else {@code [K, N]}.
 *
 * @param dtype of all operands: F16, BF16 or F32
 * @param lda elements from one row of {@code a} to the next; so {@code ldb}, {@code ldd}
 * @param strideA elements from one matrix of the batch to the next; so {@code strideB}, {@code
 *     strideD}
 */
public record MatmulSpec(
    int batch,
    int m,
    int n,
    int k,
    boolean transposeB,
    long lda,
    long ldb,
    long ldd,
    long strideA,
    long strideB,
    long strideD,
    DType dtype,
    boolean bias,
    boolean residual,
    float scale)
    implements Library.Spec {
  public MatmulSpec {
    if (batch < 1 || m < 1 || n < 1 || k < 1) {
      throw new IllegalArgumentException(
          "matmul: expected sizes of at least 1, got " + batch + " x " + m + " x " + n + " x " + k);
    }
    if (lda < k || ldb < (transposeB ? k : n) || ldd < n) {
      throw new IllegalArgumentException(
          "matmul: expected rows no closer than their length, got "
              + lda
              + ", "
              + ldb
              + ", "
              + ldd);
    }
    if (dtype != DType.F16 && dtype != DType.BF16 && dtype != DType.F32) {
      throw new IllegalArgumentException("matmul: expected F16, BF16 or F32, got " + dtype);
    }
  }

  /** A linear layer: dense {@code x [M, K]}, {@code w [N, K]}. */
  public static MatmulSpec linear(
      int m, int n, int k, DType dtype, boolean bias, boolean residual) {
    return new MatmulSpec(1, m, n, k, true, k, k, n, 0, 0, 0, dtype, bias, residual, 1);
  }
}
