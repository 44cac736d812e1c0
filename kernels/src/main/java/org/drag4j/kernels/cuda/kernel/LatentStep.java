package org.drag4j.kernels.cuda.kernel;

/**
 * One row of the table of coefficients of the steps of an edit; the fields are those of the struct
 * in {@code latent.cu}, addresses as longs.
 */
public record LatentStep(
    float signal,
    float noise,
    float toSignal,
    float toDirection,
    float sigma,
    float keep,
    float add) {}
