package org.drag4j.kernels.cuda.driver;

/** Someone else's matrix products. */
public non-sealed interface MatmulProvider extends LibraryProvider {
  /**
   * A product ready to run, or why the provider cannot do it.
   *
   * @param workspaceLimit bytes of scratch memory it may ask for
   */
  Offer<Prepared> prepare(MatmulSpec spec, long workspaceLimit);

  /** A product with everything chosen. */
  interface Prepared extends LibraryProvider.Prepared {
    /**
     * Enqueues it; {@code bias} and {@code residual} are 0 where there are none. Operands start at
     * multiples of 16 bytes.
     */
    void enqueue(long a, long b, long bias, long residual, long d, long workspace, long stream);
  }
}
