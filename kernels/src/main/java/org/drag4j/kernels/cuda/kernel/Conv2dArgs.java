package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of a convolution; the fields are those of the struct in {@code conv2d.cu}, addresses as
 * longs.
 */
public record Conv2dArgs(
    Product p,
    long x,
    long x2,
    long w,
    int ldx,
    int ldx2,
    int height,
    int width,
    int channels,
    int channels1,
    int kernelHeight,
    int kernelWidth,
    int stride,
    int padTop,
    int padLeft,
    int outHeight,
    int outWidth) {}
