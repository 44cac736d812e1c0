package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of PyTorch's CUDA generator of normal numbers; the fields are those of the struct in
 * {@code philox_normal.cu}, addresses as longs.
 */
public record PhiloxNormalArgs(long y, long n, long seed, long offset, int blocks) {}
