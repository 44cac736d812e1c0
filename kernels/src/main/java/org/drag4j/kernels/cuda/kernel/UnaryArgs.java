package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of an elementwise function; the fields are those of the struct in {@code unary.cu},
 * addresses as longs.
 */
public record UnaryArgs(long x, long y, long n, int fn) {}
