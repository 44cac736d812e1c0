package org.drag4j.kernels.cuda;

import org.drag4j.kernels.cuda.driver.KernelCall;
import org.drag4j.kernels.cuda.driver.StreamCall;

/** A queue of work on the device, done in order. */
final class CudaStream implements AutoCloseable, CudaContext.Resource {
  private final CudaContext context;
  private final long handle;

  private CudaStream(CudaContext context, long handle) {
    this.context = context;
    this.handle = handle;
  }

  static CudaStream create(CudaContext context) {
    var stream = new CudaStream(context, context.driver().createStream());
    context.keep(stream);
    return stream;
  }

  CudaContext context() {
    return context;
  }

  /** The driver's handle. */
  long handle() {
    return handle;
  }

  /** Enqueues a kernel, or what a library does. */
  void launch(StreamCall call) {
    var driver = context.driver();
    switch (call) {
      case KernelCall kernel -> driver.launch(kernel, handle);
      case StreamCall.OfLibrary library -> library.enqueue(handle);
    }
  }

  /** Enqueues a copy within the device. */
  void copy(long target, long source, long bytes) {
    context.driver().copy(target, source, bytes, handle);
  }

  /** Enqueues setting bytes to zero. */
  void clear(long address, long bytes) {
    context.driver().fill(address, (byte) 0, bytes, handle);
  }

  /** Returns when everything enqueued so far is done. */
  void synchronize() {
    context.driver().synchronize(handle);
  }

  @Override
  public void release() {
    context.driver().destroyStream(handle);
  }

  @Override
  public void close() {
    context.release(this);
  }
}
