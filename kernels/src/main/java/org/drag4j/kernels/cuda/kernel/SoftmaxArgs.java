package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of a softmax of rows; the fields are those of the struct in {@code softmax.cu},
 * addresses as longs.
 */
public record SoftmaxArgs(long x, long y, int rows, int n, int ldx, int ldy) {}
