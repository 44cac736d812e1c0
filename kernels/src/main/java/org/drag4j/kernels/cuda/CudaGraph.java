package org.drag4j.kernels.cuda;

import org.drag4j.device.DeviceException;

/** Recorded work of a stream, enqueued again as a whole by one call. */
final class CudaGraph implements AutoCloseable, CudaContext.Resource {
  private final CudaContext context;
  private final CudaStream stream;
  private final long executable;

  private CudaGraph(CudaStream stream, long executable) {
    this.context = stream.context();
    this.stream = stream;
    this.executable = executable;
  }

  /**
   * Records what {@code work} enqueues on the stream, without running it. The memory it reads and
   * writes must stay where it is for as long as the graph is launched.
   *
   * @throws DeviceException where the work does what cannot be recorded, such as waiting or
   *     allocating; the stream can be used again afterwards
   */
  static CudaGraph record(CudaStream stream, Runnable work) {
    var driver = stream.context().driver();
    driver.beginCapture(stream.handle());
    stream.context().recording(true);
    try {
      work.run();
    } catch (RuntimeException | Error e) {
      abandon(stream, e);
      throw e;
    } finally {
      stream.context().recording(false);
    }
    long graph = driver.endCapture(stream.handle());
    try {
      var made = new CudaGraph(stream, driver.instantiate(graph));
      made.context.keep(made);
      return made;
    } finally {
      driver.destroyGraph(graph);
    }
  }

  /** Takes the stream out of recording; the failure that led here is what the caller sees. */
  private static void abandon(CudaStream stream, Throwable why) {
    var driver = stream.context().driver();
    try {
      driver.destroyGraph(driver.endCapture(stream.handle()));
    } catch (DeviceException e) {
      why.addSuppressed(e);
    }
  }

  /**
   * Enqueues the recorded work on the stream it was recorded from.
   *
   * @throws DeviceException where the graph is closed
   */
  void launch() {
    if (!context.holds(this)) {
      throw new DeviceException(context.name() + ": expected an open graph, got a closed one");
    }
    context.driver().launchGraph(executable, stream.handle());
  }

  @Override
  public void release() {
    context.driver().destroyExecutable(executable);
  }

  @Override
  public void close() {
    context.release(this);
  }
}
