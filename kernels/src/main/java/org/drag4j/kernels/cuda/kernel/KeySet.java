package org.drag4j.kernels.cuda.kernel;

/**
 * Keys and values of all heads and images; the fields are those of the struct in {@code
 * attention.cu}, addresses as longs.
 */
public record KeySet(
    long k, long v, long batchK, long batchV, int ldk, int ldv, int count, float weight) {}
