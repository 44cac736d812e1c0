package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of both kernels of a group norm; the fields are those of the struct in {@code
 * group_norm.cu}, addresses as longs.
 */
public record GroupNormArgs(
    long x,
    long x2,
    long scale,
    long shift,
    long y,
    long moments,
    int images,
    int positions,
    int channels,
    int channels1,
    int ldx,
    int ldx2,
    int groups,
    int slabs,
    float eps,
    int fn) {}
