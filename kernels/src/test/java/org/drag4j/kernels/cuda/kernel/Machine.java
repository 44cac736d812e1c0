package org.drag4j.kernels.cuda.kernel;

/**
 * Something that runs kernels: the shim with the kernels as they are, or with one of them damaged.
 */
interface Machine {
  /** A kernel did what no kernel may. */
  final class FaultException extends RuntimeException {
    private static final long serialVersionUID = 1;

    FaultException(String message) {
      super(message);
    }
  }

  /**
   * Runs one call. The kernel may touch {@code buffers} and nothing else.
   *
   * @throws FaultException if it does, or if its threads do not agree
   */
  <A extends Record> void run(CudaKernel<A> kernel, A args, Buffer... buffers);
}
