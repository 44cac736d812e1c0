package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of the steps out; the fields are those of the struct in {@code latent.cu}, addresses as
 * longs.
 */
public record LatentNoiseArgs(
    long x, long noise, long steps, long states, long input, int cells, int channels, int count) {}
