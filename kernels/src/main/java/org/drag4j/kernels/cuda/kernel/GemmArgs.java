package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of a batch of matrix products; the fields are those of the struct in {@code gemm.cu},
 * addresses as longs.
 */
public record GemmArgs(
    Product p,
    long a,
    long b,
    long batchA,
    long batchB,
    long batchY,
    long step,
    long stepY,
    int lda,
    int ldb,
    int batches) {
  /** Products whose result is not in a bank. */
  public GemmArgs(
      Product p,
      long a,
      long b,
      long batchA,
      long batchB,
      long batchY,
      int lda,
      int ldb,
      int batches) {
    this(p, a, b, batchA, batchB, batchY, 0, 0, lda, ldb, batches);
  }
}
