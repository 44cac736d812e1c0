package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of a nearest-neighbour resize; the fields are those of the struct in {@code
 * upsample.cu}, addresses as longs.
 */
public record UpsampleArgs(
    long x, long y, int images, int height, int width, int channels, int outHeight, int outWidth) {}
