package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of the noise on the handle cells; the fields are those of the struct in {@code
 * latent.cu}, addresses as longs.
 */
public record LatentHandleArgs(
    long x,
    long noise,
    long drawn,
    long y,
    int cells,
    int channels,
    int draws,
    float keep,
    float add) {}
