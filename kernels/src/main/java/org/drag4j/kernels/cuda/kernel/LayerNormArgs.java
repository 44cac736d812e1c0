package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of a layer norm; the fields are those of the struct in {@code layer_norm.cu}, addresses
 * as longs.
 */
public record LayerNormArgs(
    long x, long scale, long shift, long y, int rows, int n, int ldx, int ldy, float eps) {}
