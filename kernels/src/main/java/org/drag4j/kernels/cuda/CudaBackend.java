package org.drag4j.kernels.cuda;

import java.util.Optional;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceWeights;
import org.drag4j.device.Kernel;
import org.drag4j.device.KernelOptions;
import org.drag4j.graph.Value;
import org.drag4j.kernels.cuda.driver.CudaDriver;
import org.drag4j.tensor.DeviceMemory;
import org.drag4j.tensor.WeightSource;

/** One NVIDIA GPU as a device. */
final class CudaBackend implements Backend {
  /** Half of the page-locked memory that copies go through. */
  private static final long STAGING = 16L << 20;

  private final CudaContext context;
  private final CudaStream stream;
  private final CudaHeap heap;
  private final CudaModules modules;

  private CudaBackend(CudaContext context, CudaStream stream, CudaHeap heap) {
    this.context = context;
    this.stream = stream;
    this.heap = heap;
    modules = new CudaModules(context);
  }

  /**
   * Opens a device.
   *
   * @throws org.drag4j.device.DeviceException where the driver refuses; nothing stays open then
   */
  static CudaBackend open(CudaDriver driver, int device) {
    return open(driver, device, STAGING);
  }

  /** The same with another half of the staging memory. */
  static CudaBackend open(CudaDriver driver, int device, long stagingBytes) {
    var context = CudaContext.open(driver, device);
    try {
      var stream = CudaStream.create(context);
      return new CudaBackend(context, stream, CudaHeap.create(stream, stagingBytes));
    } catch (RuntimeException | Error e) {
      try {
        context.close();
      } catch (RuntimeException closing) {
        e.addSuppressed(closing);
      }
      throw e;
    }
  }

  @Override
  public String device() {
    return context.name();
  }

  /** The stream that everything runs on. */
  CudaStream stream() {
    return stream;
  }

  /** Kernels loaded on this device. */
  CudaModules modules() {
    return modules;
  }

  @Override
  public DeviceMemory allocate(long bytes, String purpose) {
    return heap.allocate(bytes, purpose);
  }

  @Override
  public DeviceWeights weights(WeightSource source) {
    return new CudaWeights(source, heap);
  }

  /** {@inheritDoc} There are no kernels for this device yet. */
  @Override
  public Optional<Kernel> select(Value node, KernelOptions options) {
    return Optional.empty();
  }

  /**
   * Records what {@code work} enqueues, launches of kernels and of providers alike, to be enqueued
   * again as a whole. Tensors must not be bound anew between the recording and a launch.
   */
  CudaGraph record(Runnable work) {
    return CudaGraph.record(stream, work);
  }

  @Override
  public void synchronize() {
    stream.synchronize();
  }

  /** Waits for the work enqueued, then gives everything back. */
  @Override
  public void close() {
    if (context.closed()) {
      return;
    }
    RuntimeException failure = null;
    try {
      stream.synchronize();
    } catch (DeviceException e) {
      failure = e;
    }
    try {
      context.close();
    } catch (DeviceException e) {
      if (failure == null) {
        throw e;
      }
      failure.addSuppressed(e);
    }
    if (failure != null) {
      throw failure;
    }
  }
}
