package org.drag4j.kernels.cuda.driver;

import java.util.Optional;

/** Someone else's convolutions. */
public interface ConvolutionProvider extends AutoCloseable {
  /** As options and kernel names spell it: {@code cudnn}. */
  String name();

  /**
   * A convolution ready to run, or empty where the provider cannot do it.
   *
   * @param workspaceLimit bytes of scratch memory it may ask for
   */
  Optional<Prepared> prepare(ConvolutionSpec spec, long workspaceLimit);

  @Override
  void close();

  /** A convolution with everything chosen. */
  interface Prepared extends AutoCloseable {
    /** Scratch memory it needs, in bytes. */
    long workspaceBytes();

    /** Enqueues it; {@code bias} and {@code residual} are 0 where there are none. */
    void enqueue(long x, long w, long bias, long residual, long y, long workspace, long stream);

    @Override
    void close();
  }
}
