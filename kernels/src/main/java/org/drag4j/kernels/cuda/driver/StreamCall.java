package org.drag4j.kernels.cuda.driver;

/** What can be put on a stream: a launch of one of our kernels, or what a library does. */
public sealed interface StreamCall permits KernelCall, StreamCall.OfLibrary {
  /** What a library does. */
  @FunctionalInterface
  non-sealed interface OfLibrary extends StreamCall {
    /** Enqueues it on a stream; allocates nothing. */
    void enqueue(long stream);
  }
}
