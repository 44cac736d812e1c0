package org.drag4j.kernels.cuda.driver;

import java.lang.foreign.MemorySegment;

/**
 * What the CUDA device needs of the driver. Addresses and handles are the driver's own numbers, 0
 * where there is none; stream 0 is the default stream. Copies, fills and launches are enqueued and
 * return at once; a failure of the work itself is reported by a later call.
 *
 * <p>Every method throws {@link org.drag4j.device.DeviceException} with the CUDA error's name, and
 * {@link org.drag4j.device.DeviceMemoryException} where memory ran out.
 */
public interface CudaDriver {
  /** Properties of a device, under the driver's numbers for them. */
  enum Attribute {
    MULTIPROCESSORS(16),
    COMPUTE_CAPABILITY_MAJOR(75),
    COMPUTE_CAPABILITY_MINOR(76),
    L2_CACHE_BYTES(38),
    SHARED_BYTES_PER_MULTIPROCESSOR(81),
    SHARED_BYTES_PER_BLOCK_OPTIN(97),
    MEMORY_POOLS(115);

    private final int number;

    Attribute(int number) {
      this.number = number;
    }

    /** {@code CUdevice_attribute}. */
    public int number() {
      return number;
    }
  }

  /** Properties of a compiled kernel, under the driver's numbers for them. */
  enum FunctionAttribute {
    MAX_THREADS_PER_BLOCK(0),
    STATIC_SHARED_BYTES(1),
    LOCAL_BYTES_PER_THREAD(3),
    REGISTERS_PER_THREAD(4),
    MAX_DYNAMIC_SHARED_BYTES(8);

    private final int number;

    FunctionAttribute(int number) {
      this.number = number;
    }

    /** {@code CUfunction_attribute}. */
    public int number() {
      return number;
    }
  }

  /** Memory of the current context's device. */
  record MemoryInfo(long freeBytes, long totalBytes) {}

  /** Number of devices. */
  int deviceCount();

  /** Name of device {@code device}: {@code NVIDIA H200}. */
  String deviceName(int device);

  /** A property of a device. */
  int attribute(int device, Attribute attribute);

  /** Memory of a device. */
  long totalBytes(int device);

  /** The context that all users of the device share; balanced by {@link #releaseContext}. */
  long retainContext(int device);

  /** Makes a context that of the calling thread. */
  void makeCurrent(long context);

  void releaseContext(int device);

  /** Free and total memory of the current context's device. */
  MemoryInfo memoryInfo();

  /** Device memory, not cleared. */
  long allocate(long bytes);

  /** Waits for the device, then frees. */
  void free(long address);

  /** A pool that keeps up to {@code keepBytes} of freed memory for the next allocation. */
  long createPool(int device, long keepBytes);

  /** Device memory of a pool, usable by work enqueued on the stream afterwards. */
  long allocate(long bytes, long pool, long stream);

  /** Gives pool memory back once the work enqueued so far is done. */
  void free(long address, long stream);

  /** Gives freed memory of the pool beyond {@code keepBytes} back to the device. */
  void trimPool(long pool, long keepBytes);

  void destroyPool(long pool);

  /** Page-locked host memory. */
  MemorySegment allocateHost(long bytes);

  void freeHost(MemorySegment memory);

  /** Copies from native host memory, which must stay as it is until the stream gets there. */
  void copyToDevice(long target, MemorySegment source, long stream);

  /** Copies to native host memory until {@code target} is full. */
  void copyToHost(MemorySegment target, long source, long stream);

  /** Copies within the device; the ranges must not overlap. */
  void copy(long target, long source, long bytes, long stream);

  /** Sets every byte. */
  void fill(long address, byte value, long bytes, long stream);

  /** A stream that does not wait for the default stream. */
  long createStream();

  void destroyStream(long stream);

  /** Returns when everything enqueued on the stream is done. */
  void synchronize(long stream);

  /** Makes later work of the stream wait for the event. */
  void await(long stream, long event);

  /** An event; only a timed one has a time. */
  long createEvent(boolean timed);

  void destroyEvent(long event);

  void record(long event, long stream);

  /** Returns when the work before the event's last record is done. */
  void synchronizeEvent(long event);

  /** Time between two timed events, both done, in milliseconds. */
  float elapsedMillis(long start, long end);

  /** Loads a cubin, fat binary or zero-terminated PTX. */
  long loadModule(byte[] image);

  void unloadModule(long module);

  /** A kernel of a module, under its unmangled name. */
  long function(long module, String name);

  int functionAttribute(long function, FunctionAttribute attribute);

  void setFunctionAttribute(long function, FunctionAttribute attribute, int value);

  /** Enqueues a kernel; allocates nothing. */
  void launch(KernelCall call, long stream);

  /** From here on, work of the calling thread for the stream is recorded, not run. */
  void beginCapture(long stream);

  /** Ends recording; the graph belongs to the caller. */
  long endCapture(long stream);

  /** Makes a recorded graph runnable; the graph itself is no longer needed afterwards. */
  long instantiate(long graph);

  void destroyGraph(long graph);

  void launchGraph(long executable, long stream);

  void destroyExecutable(long executable);
}
