package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of a step back with paste and mask; the fields are those of the struct in {@code
 * latent.cu}, addresses as longs.
 */
public record LatentUpdateArgs(
    long x,
    long output,
    long stored,
    long visited,
    long from,
    long editable,
    long steps,
    long step,
    long y,
    long input,
    long storedStep,
    long visitedStep,
    int cells,
    int channels,
    int velocity) {}
