package org.drag4j.kernels.cuda.driver;

/** A library of NVIDIA's, started on a device, that does some operations. */
public sealed interface LibraryProvider extends AutoCloseable
    permits MatmulProvider, ConvolutionProvider, AttentionProvider {
  /** As options and kernel names spell it: {@code cublaslt}. */
  String name();

  /** Ends the library on this device; what it prepared must have been closed before. */
  @Override
  void close();

  /** An operation with everything chosen. */
  interface Prepared extends AutoCloseable {
    /** What the library chose, as kernel names show it; empty where it does not say. */
    default String algorithm() {
      return "";
    }

    /** Scratch memory it needs, in bytes. */
    long workspaceBytes();

    @Override
    void close();
  }
}
