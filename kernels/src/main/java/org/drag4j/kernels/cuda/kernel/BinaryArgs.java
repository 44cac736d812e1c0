package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of a sum or product with a broadcast operand; the fields are those of the struct in
 * {@code binary.cu}, addresses as longs.
 */
public record BinaryArgs(
    long a,
    long b,
    long y,
    long n,
    int d1,
    int d2,
    int d3,
    int s0,
    int s1,
    int s2,
    int s3,
    int fn) {}
