package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of the recovery of the noise of the steps out; the fields are those of the struct in
 * {@code latent.cu}, addresses as longs.
 */
public record LatentRecoverArgs(
    long x, long noisy, long output, long steps, long stored, int size, int count, int velocity) {}
