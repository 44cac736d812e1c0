package org.drag4j.kernels.cuda.driver;

/** Someone else's fused attention. */
public non-sealed interface AttentionProvider extends LibraryProvider {
  /**
   * An attention ready to run, or why the provider cannot do it.
   *
   * @param workspaceLimit bytes of scratch memory it may ask for
   */
  Offer<Prepared> prepare(AttentionSpec spec, long workspaceLimit);

  /** An attention with everything chosen. */
  interface Prepared extends LibraryProvider.Prepared {
    /** Enqueues it. Operands start at multiples of 16 bytes. */
    void enqueue(long q, long k, long v, long o, long workspace, long stream);
  }
}
