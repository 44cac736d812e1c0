package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of a copy into columns of a wider matrix; the fields are those of the struct in {@code
 * concat.cu}, addresses as longs.
 */
public record ConcatArgs(long x, long y, int rows, int n, int ldx, int ldy) {}
