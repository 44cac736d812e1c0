package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of a gated GELU; the fields are those of the struct in {@code geglu.cu}, addresses as
 * longs.
 */
public record GegluArgs(long x, long y, int rows, int n) {}
