package org.drag4j.kernels.cuda.kernel;

/**
 * The result of a matrix product: where it goes and what is done to it on the way; the fields are
 * those of the struct in {@code matmul.cuh}, addresses as longs.
 */
public record Product(
    long y,
    long bias,
    long partial,
    Epilogue then,
    int m,
    int n,
    int k,
    int ldy,
    int splits,
    float alpha) {}
