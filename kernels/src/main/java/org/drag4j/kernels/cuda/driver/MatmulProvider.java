package org.drag4j.kernels.cuda.driver;

import java.util.Optional;

/** Someone else's matrix products. */
public interface MatmulProvider extends AutoCloseable {
  /** As options and kernel names spell it: {@code cublaslt}. */
  String name();

  /**
   * A product ready to run, or empty where the provider cannot do it.
   *
   * @param workspaceLimit bytes of scratch memory it may ask for
   */
  Optional<Prepared> prepare(MatmulSpec spec, long workspaceLimit);

  @Override
  void close();

  /** A product with everything chosen. */
  interface Prepared extends AutoCloseable {
    /** Scratch memory it needs, in bytes. */
    long workspaceBytes();

    /** Enqueues it; {@code bias} is 0 where there is none. */
    void enqueue(long a, long b, long bias, long d, long workspace, long stream);

    @Override
    void close();
  }
}
