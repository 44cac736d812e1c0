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
    int lda,
    int ldb,
    int batches) {}
