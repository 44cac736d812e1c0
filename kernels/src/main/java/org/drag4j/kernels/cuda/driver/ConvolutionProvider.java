package org.drag4j.kernels.cuda.driver;

/** Someone else's convolutions. */
public non-sealed interface ConvolutionProvider extends LibraryProvider {
  /**
   * A convolution ready to run, or why the provider cannot do it.
   *
   * @param workspaceLimit bytes of scratch memory it may ask for
   */
  Offer<Prepared> prepare(ConvolutionSpec spec, long workspaceLimit);

  /** A convolution with everything chosen. */
  interface Prepared extends LibraryProvider.Prepared {
    /**
     * Enqueues it; {@code bias} and {@code residual} are 0 where there are none. Operands start at
     * multiples of 16 bytes.
     */
    void enqueue(long x, long w, long bias, long residual, long y, long workspace, long stream);
  }
}
