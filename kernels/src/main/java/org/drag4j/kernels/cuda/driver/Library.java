package org.drag4j.kernels.cuda.driver;

/** A library of NVIDIA's, started on a device. */
public interface Library extends AutoCloseable {
  /** As options and kernel names spell it: {@code cublaslt}. */
  String name();

  /**
   * An operation ready to run, or why the library cannot do it.
   *
   * @param workspaceLimit bytes of scratch memory it may ask for
   */
  Offer<Operation> prepare(Spec spec, long workspaceLimit);

  /** Ends the library on this device; what it prepared must have been closed before. */
  @Override
  void close();

  /** What a library is asked for. */
  sealed interface Spec permits MatmulSpec, ConvolutionSpec, AttentionSpec {}

  /** An operation with everything chosen. */
  interface Operation extends AutoCloseable {
    /** What the library chose, as kernel names show it; empty where it does not say. */
    default String algorithm() {
      return "";
    }

    /** Scratch memory it needs, in bytes. */
    long workspaceBytes();

    /**
     * Enqueues it. Operands start at multiples of 16 bytes.
     *
     * @param x the left matrix, the picture, or queries
     * @param w the right matrix, the filter, or keys
     * @param bias of each column or channel, 0 for none; or values
     * @param residual what else is added, 0 for none
     * @param y the result
     */
    void enqueue(long x, long w, long bias, long residual, long y, long workspace, long stream);

    @Override
    void close();
  }
}
