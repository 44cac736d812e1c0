package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of the sum of the parts of a product whose {@code k} was split; the fields are those of
 * the struct in {@code reduce.cu}, addresses as longs.
 */
public record ReduceArgs(Product p, long batchY, int batches) {}
