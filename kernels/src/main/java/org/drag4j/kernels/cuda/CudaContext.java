package org.drag4j.kernels.cuda;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.SequencedSet;
import java.util.stream.Collectors;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceMemoryException;
import org.drag4j.kernels.cuda.driver.CudaDriver;

/**
 * An open device: its context, its stream and everything that lives in them. What is still open
 * when the context closes is closed then, the youngest first, since the old may be what the young
 * use.
 */
final class CudaContext implements AutoCloseable {
  /** Something that must be gone before the context is. */
  interface Resource {
    /** Gives it back to the driver; called once. */
    void release();
  }

  private static final int HOLDERS_NAMED = 3;

  private final CudaDriver driver;
  private final int device;
  private final long context;
  private final SequencedSet<Resource> resources = new LinkedHashSet<>();
  private final Map<CudaMemory, String> holders = new LinkedHashMap<>();
  private long owner;
  private boolean recording;
  private boolean closed;

  private CudaContext(CudaDriver driver, int device, long context) {
    this.driver = driver;
    this.device = device;
    this.context = context;
    owner = Thread.currentThread().threadId();
  }

  /**
   * Opens a device.
   *
   * @throws DeviceException where the driver refuses
   */
  static CudaContext open(CudaDriver driver, int device) {
    long context = driver.retainContext(device);
    try {
      driver.makeCurrent(context);
    } catch (RuntimeException | Error e) {
      driver.releaseContext(device);
      throw e;
    }
    return new CudaContext(driver, device, context);
  }

  /** {@code cuda:0}. */
  String name() {
    return CudaProvider.NAME + ":" + device;
  }

  /** Number of the device. */
  int device() {
    return device;
  }

  /**
   * The driver, this context being the calling thread's.
   *
   * @throws DeviceException where the context is closed
   */
  CudaDriver driver() {
    if (closed) {
      throw new DeviceException(name() + ": expected an open device, got a closed one");
    }
    return current();
  }

  private CudaDriver current() {
    long thread = Thread.currentThread().threadId();
    if (owner != thread) {
      driver.makeCurrent(context);
      owner = thread;
    }
    return driver;
  }

  /** Whether work is being recorded, and so not run. */
  boolean recording() {
    return recording;
  }

  void recording(boolean on) {
    recording = on;
  }

  boolean closed() {
    return closed;
  }

  /** Makes the context responsible for something. */
  void keep(Resource resource) {
    resources.add(resource);
  }

  /** Gives something back now; nothing happens where it has been given back already. */
  void release(Resource resource) {
    if (resources.remove(resource)) {
      resource.release();
    }
  }

  /** Whether it is still there to be used. */
  boolean holds(Resource resource) {
    return resources.contains(resource);
  }

  void held(CudaMemory memory, String purpose) {
    holders.put(memory, purpose);
  }

  void dropped(CudaMemory memory) {
    holders.remove(memory);
  }

  /** The message of running out: asked, free, the biggest holders, what would help. */
  DeviceMemoryException outOfMemory(long bytes, String purpose, DeviceException cause) {
    var sums =
        holders.entrySet().stream()
            .collect(
                Collectors.groupingBy(
                    Map.Entry::getValue, Collectors.summingLong(e -> e.getKey().byteSize())));
    var biggest =
        sums.entrySet().stream()
            .sorted(Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder()))
            .limit(HOLDERS_NAMED)
            .map(e -> e.getKey() + " " + megabytes(e.getValue()))
            .collect(Collectors.joining(", "));
    return new DeviceMemoryException(
        name()
            + ": "
            + purpose
            + ": asked for "
            + megabytes(bytes)
            + free()
            + "; held here: "
            + (biggest.isEmpty() ? "nothing" : biggest)
            + "; try a smaller picture or fewer steps, or free memory that other programs hold",
        cause);
  }

  private String free() {
    try {
      var info = driver().memoryInfo();
      return ", free are " + megabytes(info.freeBytes()) + " of " + megabytes(info.totalBytes());
    } catch (DeviceException _) {
      return ""; // The message is about memory all the same.
    }
  }

  private static String megabytes(long bytes) {
    return (bytes >> 20) + " MB";
  }

  /**
   * Gives everything back.
   *
   * @throws DeviceException the first failure, after everything has been tried
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    Deque<Runnable> steps = new ArrayDeque<>();
    for (var resource : resources.reversed()) {
      steps.add(() -> release(resource));
    }
    steps.add(() -> current().releaseContext(device));
    RuntimeException first = null;
    for (var step : steps) {
      try {
        step.run();
      } catch (DeviceException e) {
        if (first == null) {
          first = e;
        } else {
          first.addSuppressed(e);
        }
      }
    }
    closed = true;
    if (first != null) {
      throw first;
    }
  }
}
