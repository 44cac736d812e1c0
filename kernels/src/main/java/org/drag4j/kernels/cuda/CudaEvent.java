package org.drag4j.kernels.cuda;

/** A mark in a stream that can be waited for, and timed. */
final class CudaEvent implements AutoCloseable, CudaContext.Resource {
  private final CudaContext context;
  private final long handle;

  private CudaEvent(CudaContext context, long handle) {
    this.context = context;
    this.handle = handle;
  }

  /** An event that only orders work. */
  static CudaEvent create(CudaContext context) {
    return create(context, false);
  }

  /** An event that also has a time. */
  static CudaEvent timed(CudaContext context) {
    return create(context, true);
  }

  private static CudaEvent create(CudaContext context, boolean timed) {
    var event = new CudaEvent(context, context.driver().createEvent(timed));
    context.keep(event);
    return event;
  }

  /** Marks the work enqueued on the stream so far. */
  void record(CudaStream stream) {
    context.driver().record(handle, stream.handle());
  }

  /** Returns when the marked work is done. */
  void synchronize() {
    context.driver().synchronizeEvent(handle);
  }

  /** Time since an earlier event, both timed and done, in milliseconds. */
  float millisSince(CudaEvent start) {
    return context.driver().elapsedMillis(start.handle, handle);
  }

  @Override
  public void release() {
    context.driver().destroyEvent(handle);
  }

  @Override
  public void close() {
    context.release(this);
  }
}
