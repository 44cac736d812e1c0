package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of the conversion of a picture to the encoder's values; the fields are those of the
 * struct in {@code image.cu}, addresses as longs.
 */
public record ImageInArgs(long rgb, long y, int pixels, int ldy) {}
