package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of the conversion of the decoder's values to a picture; the fields are those of the
 * struct in {@code image.cu}, addresses as longs.
 */
public record ImageOutArgs(long x, long original, long inside, long rgb, int pixels, float add) {}
