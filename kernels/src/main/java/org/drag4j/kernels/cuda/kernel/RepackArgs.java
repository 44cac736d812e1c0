package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of a change of order and number format; the fields are those of the struct in {@code
 * repack.cu}, addresses as longs.
 */
public record RepackArgs(
    long x,
    long y,
    long s0,
    long s1,
    long s2,
    long s3,
    int d0,
    int d1,
    int d2,
    int d3,
    int valid) {}
