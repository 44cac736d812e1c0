package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of fused attention; the fields are those of the struct in {@code attention.cu},
 * addresses as longs.
 */
public record AttentionArgs(
    long q,
    long y,
    long select,
    long step,
    long bankStep,
    long batchQ,
    long batchY,
    KeySet keys,
    KeySet extra,
    KeySet bank,
    int queries,
    int ldq,
    int ldy,
    int dim,
    int causal,
    int heads,
    int images,
    float scale) {}
