package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of a cast; the fields are those of the struct in {@code cast.cu}, addresses as longs.
 */
public record CastArgs(long x, long y, long n) {}
