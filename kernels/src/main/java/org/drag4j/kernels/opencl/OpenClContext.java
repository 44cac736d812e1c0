package org.drag4j.kernels.opencl;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.ObjLongConsumer;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceMemoryException;
import org.drag4j.device.Step;
import org.drag4j.tensor.DType;
import org.jocl.CL;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.jocl.cl_context_properties;
import org.jocl.cl_device_id;
import org.jocl.cl_event;
import org.jocl.cl_kernel;
import org.jocl.cl_program;
import org.jspecify.annotations.Nullable;

/** One open device: context, in-order queue, programs, and an account of its memory. */
final class OpenClContext implements AutoCloseable {
  /** Statuses after which nothing works any more on this device. */
  private static final Set<Integer> FATAL =
      Set.of(
          CL.CL_DEVICE_NOT_AVAILABLE,
          CL.CL_OUT_OF_RESOURCES,
          CL.CL_INVALID_COMMAND_QUEUE,
          CL.CL_INVALID_CONTEXT,
          CL.CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);

  private final DeviceInfo info;
  private final DType activations;
  private final Driver driver;
  private final cl_context context;
  private final cl_command_queue queue;
  private final Programs programs;
  private final Map<String, cl_kernel> kernels = new HashMap<>();
  private final Set<OpenClMemory> live = new HashSet<>();
  private final Deque<Timed> timed = new ArrayDeque<>();
  private @Nullable Step timing;
  private @Nullable String lost;
  private boolean closed;
  private long held;

  /** A kernel call whose times are to be read. */
  private record Timed(Step step, cl_event event) {}

  private OpenClContext(
      DeviceInfo info,
      DType activations,
      Driver driver,
      cl_context context,
      cl_command_queue queue,
      ProgramCache cache) {
    this.info = info;
    this.activations = activations;
    this.driver = driver;
    this.context = context;
    this.queue = queue;
    this.programs = new Programs(info, context, cache);
  }

  /**
   * Opens a device.
   *
   * @param activations F32 or F16: how values between kernels are stored
   * @throws DeviceException where the driver refuses
   */
  @SuppressWarnings("deprecation") // OpenCL 1.2 has no other way to make a queue
  static OpenClContext open(DeviceInfo info, DType activations, ProgramCache cache, Driver driver) {
    cl_context context = null;
    try {
      var properties = new cl_context_properties();
      properties.addProperty(CL.CL_CONTEXT_PLATFORM, info.platformId());
      context = CL.clCreateContext(properties, 1, new cl_device_id[] {info.id()}, null, null, null);
      var queue =
          CL.clCreateCommandQueue(context, info.id(), CL.CL_QUEUE_PROFILING_ENABLE, new int[1]);
      return new OpenClContext(info, activations, driver, context, queue, cache);
    } catch (CLException e) {
      if (context != null) {
        CL.clReleaseContext(context);
      }
      throw new DeviceException(
          info.name() + ": cannot be opened: " + e.getMessage() + "; see drag4j devices", e);
    }
  }

  DeviceInfo info() {
    return info;
  }

  /** How values between kernels are stored: F32 or F16. */
  DType activations() {
    return activations;
  }

  /** The type of activations, as kernel names spell it. */
  String prefix() {
    return activations.name().toLowerCase(Locale.ROOT);
  }

  /** The kernels that suit the device. */
  Variant variant() {
    return info.variant();
  }

  Driver driver() {
    return driver;
  }

  cl_command_queue queue() {
    return queue;
  }

  Programs programs() {
    return programs;
  }

  /** Bytes of memory held. */
  long held() {
    return held;
  }

  /**
   * Memory, not initialised.
   *
   * @throws DeviceMemoryException where there is not enough
   */
  OpenClMemory allocate(long bytes, String purpose) {
    check();
    long size = Math.max(bytes, Long.BYTES);
    if (size > info.largestBuffer() || size > info.memory() - held) {
      throw outOfMemory(size, purpose, null);
    }
    long flags = CL.CL_MEM_READ_WRITE | (info.sharesMemory() ? CL.CL_MEM_ALLOC_HOST_PTR : 0L);
    try {
      var memory = new OpenClMemory(this, driver.createBuffer(context, flags, size), size);
      live.add(memory);
      held += size;
      return memory;
    } catch (CLException e) {
      // Drivers report a lack of memory by several statuses, out of resources among them.
      throw outOfMemory(size, purpose, e);
    }
  }

  private DeviceMemoryException outOfMemory(
      long bytes, String purpose, @Nullable CLException cause) {
    var text =
        info.name()
            + ": "
            + purpose
            + ": asked for "
            + (bytes >> 20)
            + " MB, the device has "
            + ((info.memory() - held) >> 20)
            + " MB left of "
            + (info.memory() >> 20)
            + " MB and gives at most "
            + (info.largestBuffer() >> 20)
            + " MB at a time; try a smaller picture or --device cpu";
    return cause == null
        ? new DeviceMemoryException(text)
        : new DeviceMemoryException(text + " (" + cause.getMessage() + ")", cause);
  }

  void released(OpenClMemory memory) {
    if (live.remove(memory)) {
      held -= memory.byteSize();
      if (!closed) {
        CL.clReleaseMemObject(memory.mem());
      }
    }
  }

  /**
   * The kernel of a source, built when first asked for.
   *
   * @throws DeviceException with the compiler's log where it does not build
   */
  cl_kernel kernel(String source, Variant variant, String name) {
    check();
    var key = variant.label() + "/" + name;
    var have = kernels.get(key);
    if (have == null) {
      cl_program program = programs.get(source, variant);
      try {
        have = CL.clCreateKernel(program, name, null);
      } catch (CLException e) {
        throw failed(source + ".cl: " + name, e);
      }
      kernels.put(key, have);
    }
    return have;
  }

  /** Hands a kernel whose arguments are set to the queue. */
  void enqueue(cl_kernel kernel, String name, long[] global, long[] local) {
    check();
    var step = timing;
    var event = step == null ? null : new cl_event();
    try {
      driver.enqueue(queue, kernel, global, local, event);
    } catch (CLException e) {
      throw failed(name, e);
    }
    if (step != null && event != null) {
      timed.add(new Timed(step, event));
    }
  }

  /** What is enqueued from now on belongs to this step, and its times are of interest; or not. */
  void time(@Nullable Step step) {
    timing = step;
  }

  /** Waits, then tells the times the device measured. */
  void report(ObjLongConsumer<Step> to) {
    try {
      finish();
      var start = new long[1];
      var end = new long[1];
      for (var t : timed) {
        CL.clGetEventProfilingInfo(
            t.event(), CL.CL_PROFILING_COMMAND_START, Sizeof.cl_ulong, Pointer.to(start), null);
        CL.clGetEventProfilingInfo(
            t.event(), CL.CL_PROFILING_COMMAND_END, Sizeof.cl_ulong, Pointer.to(end), null);
        to.accept(t.step(), end[0] - start[0]);
      }
    } finally {
      for (var t : timed) {
        CL.clReleaseEvent(t.event());
      }
      timed.clear();
    }
  }

  void finish() {
    check();
    try {
      driver.finish(queue);
    } catch (CLException e) {
      throw failed("waiting for the queue", e);
    }
  }

  /** What a failed call means; a device that is lost stays so. */
  DeviceException failed(String what, CLException e) {
    var text = info.name() + ": " + what + ": " + e.getMessage();
    if (FATAL.contains(e.getStatus())) {
      lost = text;
      return new DeviceException(
          text + "; the device is lost: close it and open it again, or use --device cpu", e);
    }
    if (e.getStatus() == CL.CL_MEM_OBJECT_ALLOCATION_FAILURE
        || e.getStatus() == CL.CL_OUT_OF_HOST_MEMORY) {
      return new DeviceMemoryException(
          text
              + ": expected room for its buffers, "
              + (held >> 20)
              + " of "
              + (info.memory() >> 20)
              + " MB held; try a smaller picture or --device cpu",
          e);
    }
    return new DeviceException(
        text + "; see drag4j devices for its driver, or use --device cpu", e);
  }

  private void check() {
    if (closed) {
      throw new DeviceException(
          info.name() + ": expected to be open, but was closed; open it again");
    }
    if (lost != null) {
      throw new DeviceException(
          lost + "; the device is lost: close it and open it again, or use --device cpu");
    }
  }

  /** Gives everything back, memory that somebody still holds included. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    for (var memory : live) {
      quietly(() -> CL.clReleaseMemObject(memory.mem()));
    }
    live.clear();
    held = 0;
    kernels.values().forEach(k -> quietly(() -> CL.clReleaseKernel(k)));
    kernels.clear();
    programs.close();
    quietly(() -> CL.clReleaseCommandQueue(queue));
    quietly(() -> CL.clReleaseContext(context));
    closed = true;
  }

  /** A lost device may refuse to let go of things; the process goes on. */
  static void quietly(Runnable release) {
    try {
      release.run();
    } catch (CLException _) {
      return;
    }
  }
}
