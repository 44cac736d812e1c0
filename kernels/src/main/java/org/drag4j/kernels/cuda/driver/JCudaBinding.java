package org.drag4j.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.drag4j.kernels.cuda.driver.CudaErrors.check;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmemAllocationType;
import jcuda.driver.CUmemLocation;
import jcuda.driver.CUmemLocationType;
import jcuda.driver.CUmemPoolProps;
import jcuda.driver.CUmemoryPool;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import org.drag4j.device.DeviceException;
import org.jspecify.annotations.Nullable;

/**
 * The driver through JCuda. What JCuda lacks ({@code cuLaunchKernelEx}, attributes of pools) or
 * does slowly (launches) is called directly, on the same streams and addresses.
 */
public final class JCudaBinding implements CudaDriver {
  private static final int STREAM_NON_BLOCKING = 1;
  private static final int EVENT_DISABLE_TIMING = 2;
  private static final int CAPTURE_THREAD_LOCAL = 1;
  private static final int POOL_RELEASE_THRESHOLD = 4; // CU_MEMPOOL_ATTR_RELEASE_THRESHOLD
  private static final int NAME_BYTES = 256;

  private final MethodHandle launchKernel;
  private final MethodHandle launchKernelEx;
  private final MethodHandle poolSetAttribute;

  // JCuda's handles are objects; the interface's are numbers that calls made directly can share.
  private final Map<Long, Context> contexts = new ConcurrentHashMap<>();
  private final Map<Long, Stream> streams = new ConcurrentHashMap<>();
  private final Map<Long, Event> events = new ConcurrentHashMap<>();
  private final Map<Long, Pool> pools = new ConcurrentHashMap<>();
  private final Map<Long, Module> modules = new ConcurrentHashMap<>();
  private final Map<Long, Function> functions = new ConcurrentHashMap<>();
  private final Map<Long, Graph> graphs = new ConcurrentHashMap<>();
  private final Map<Long, Executable> executables = new ConcurrentHashMap<>();

  private JCudaBinding(SymbolLookup libcuda) {
    var launch =
        FunctionDescriptor.of(
            JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT,
            JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS);
    launchKernel = Native.function(libcuda, "cuLaunchKernel", launch);
    launchKernelEx =
        Native.status(libcuda, "cuLaunchKernelEx", ADDRESS, JAVA_LONG, ADDRESS, ADDRESS);
    poolSetAttribute =
        Native.status(libcuda, "cuMemPoolSetAttribute", JAVA_LONG, JAVA_INT, ADDRESS);
  }

  /**
   * Starts the driver.
   *
   * @param driver {@code libcuda}, loaded, so that JCuda's library finds it
   * @throws DeviceException where JCuda's library does not load or the driver finds no device
   */
  public static JCudaBinding open(LibraryProbe.Loaded driver) {
    JCudaNatives.driver();
    JCudaDriver.setExceptionsEnabled(false);
    check(JCudaDriver.cuInit(0), "cuInit");
    return new JCudaBinding(driver.symbols());
  }

  @Override
  public int deviceCount() {
    var count = new int[1];
    check(JCudaDriver.cuDeviceGetCount(count), "cuDeviceGetCount");
    return count[0];
  }

  @Override
  public String deviceName(int device) {
    var name = new byte[NAME_BYTES];
    check(JCudaDriver.cuDeviceGetName(name, name.length, device(device)), "cuDeviceGetName");
    int end = 0;
    while (end < name.length && name[end] != 0) {
      end++;
    }
    return new String(name, 0, end, StandardCharsets.UTF_8);
  }

  @Override
  public int attribute(int device, Attribute attribute) {
    var value = new int[1];
    check(
        JCudaDriver.cuDeviceGetAttribute(value, attribute.number(), device(device)),
        "cuDeviceGetAttribute");
    return value[0];
  }

  @Override
  public long totalBytes(int device) {
    var bytes = new long[1];
    check(JCudaDriver.cuDeviceTotalMem(bytes, device(device)), "cuDeviceTotalMem");
    return bytes[0];
  }

  private static CUdevice device(int ordinal) {
    var device = new CUdevice();
    check(JCudaDriver.cuDeviceGet(device, ordinal), "cuDeviceGet");
    return device;
  }

  @Override
  public long retainContext(int device) {
    var context = new Context();
    check(
        JCudaDriver.cuDevicePrimaryCtxRetain(context, device(device)), "cuDevicePrimaryCtxRetain");
    contexts.put(context.handle(), context);
    return context.handle();
  }

  @Override
  public void makeCurrent(long context) {
    check(JCudaDriver.cuCtxSetCurrent(known(contexts, context, "context")), "cuCtxSetCurrent");
  }

  @Override
  public void releaseContext(int device) {
    check(JCudaDriver.cuDevicePrimaryCtxRelease(device(device)), "cuDevicePrimaryCtxRelease");
  }

  @Override
  public MemoryInfo memoryInfo() {
    var free = new long[1];
    var total = new long[1];
    check(JCudaDriver.cuMemGetInfo(free, total), "cuMemGetInfo");
    return new MemoryInfo(free[0], total[0]);
  }

  @Override
  public long allocate(long bytes) {
    var address = new Address();
    check(JCudaDriver.cuMemAlloc(address, bytes), "cuMemAlloc");
    return address.handle();
  }

  @Override
  public void free(long address) {
    check(JCudaDriver.cuMemFree(at(address)), "cuMemFree");
  }

  @Override
  public long createPool(int device, long keepBytes) {
    var pool = new Pool();
    var properties = new CUmemPoolProps();
    properties.allocType = CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED;
    properties.location = new CUmemLocation(CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, device);
    check(JCudaDriver.cuMemPoolCreate(pool, properties), "cuMemPoolCreate");
    pools.put(pool.handle(), pool);
    try (var arena = Arena.ofConfined()) {
      var threshold = arena.allocateFrom(JAVA_LONG, keepBytes);
      check(
          Native.call(poolSetAttribute, pool.handle(), POOL_RELEASE_THRESHOLD, threshold),
          "cuMemPoolSetAttribute");
    }
    return pool.handle();
  }

  @Override
  public long allocate(long bytes, long pool, long stream) {
    var address = new Address();
    check(
        JCudaDriver.cuMemAllocFromPoolAsync(
            address, bytes, known(pools, pool, "pool"), stream(stream)),
        "cuMemAllocFromPoolAsync");
    return address.handle();
  }

  @Override
  public void free(long address, long stream) {
    check(JCudaDriver.cuMemFreeAsync(at(address), stream(stream)), "cuMemFreeAsync");
  }

  @Override
  public void trimPool(long pool, long keepBytes) {
    check(JCudaDriver.cuMemPoolTrimTo(known(pools, pool, "pool"), keepBytes), "cuMemPoolTrimTo");
  }

  @Override
  public void destroyPool(long pool) {
    check(JCudaDriver.cuMemPoolDestroy(removed(pools, pool, "pool")), "cuMemPoolDestroy");
  }

  @Override
  public MemorySegment allocateHost(long bytes) {
    var host = new Host(0);
    check(JCudaDriver.cuMemHostAlloc(host, bytes, 0), "cuMemHostAlloc");
    return Native.memory(host.handle(), bytes);
  }

  @Override
  public void freeHost(MemorySegment memory) {
    check(JCudaDriver.cuMemFreeHost(new Host(memory.address())), "cuMemFreeHost");
  }

  @Override
  public void copyToDevice(long target, MemorySegment source, long stream) {
    check(
        JCudaDriver.cuMemcpyHtoDAsync(at(target), host(source), source.byteSize(), stream(stream)),
        "cuMemcpyHtoDAsync");
  }

  @Override
  public void copyToHost(MemorySegment target, long source, long stream) {
    check(
        JCudaDriver.cuMemcpyDtoHAsync(host(target), at(source), target.byteSize(), stream(stream)),
        "cuMemcpyDtoHAsync");
  }

  private static Pointer host(MemorySegment memory) {
    if (!memory.isNative()) {
      throw new IllegalArgumentException("copy: expected native memory, got a Java array");
    }
    return new Host(memory.address());
  }

  @Override
  public void copy(long target, long source, long bytes, long stream) {
    check(
        JCudaDriver.cuMemcpyDtoDAsync(at(target), at(source), bytes, stream(stream)),
        "cuMemcpyDtoDAsync");
  }

  @Override
  public void fill(long address, byte value, long bytes, long stream) {
    check(
        JCudaDriver.cuMemsetD8Async(at(address), value, bytes, stream(stream)), "cuMemsetD8Async");
  }

  @Override
  public long createStream() {
    var stream = new Stream();
    check(JCudaDriver.cuStreamCreate(stream, STREAM_NON_BLOCKING), "cuStreamCreate");
    streams.put(stream.handle(), stream);
    return stream.handle();
  }

  @Override
  public void destroyStream(long stream) {
    check(JCudaDriver.cuStreamDestroy(removed(streams, stream, "stream")), "cuStreamDestroy");
  }

  @Override
  public void synchronize(long stream) {
    check(JCudaDriver.cuStreamSynchronize(stream(stream)), "cuStreamSynchronize");
  }

  @Override
  public void await(long stream, long event) {
    check(
        JCudaDriver.cuStreamWaitEvent(stream(stream), known(events, event, "event"), 0),
        "cuStreamWaitEvent");
  }

  @Override
  public long createEvent(boolean timed) {
    var event = new Event();
    check(JCudaDriver.cuEventCreate(event, timed ? 0 : EVENT_DISABLE_TIMING), "cuEventCreate");
    events.put(event.handle(), event);
    return event.handle();
  }

  @Override
  public void destroyEvent(long event) {
    check(JCudaDriver.cuEventDestroy(removed(events, event, "event")), "cuEventDestroy");
  }

  @Override
  public void record(long event, long stream) {
    check(
        JCudaDriver.cuEventRecord(known(events, event, "event"), stream(stream)), "cuEventRecord");
  }

  @Override
  public void synchronizeEvent(long event) {
    check(JCudaDriver.cuEventSynchronize(known(events, event, "event")), "cuEventSynchronize");
  }

  @Override
  public float elapsedMillis(long start, long end) {
    var millis = new float[1];
    check(
        JCudaDriver.cuEventElapsedTime(
            millis, known(events, start, "event"), known(events, end, "event")),
        "cuEventElapsedTime");
    return millis[0];
  }

  @Override
  public long loadModule(byte[] image) {
    var module = new Module();
    check(JCudaDriver.cuModuleLoadData(module, image), "cuModuleLoadData");
    modules.put(module.handle(), module);
    return module.handle();
  }

  @Override
  public void unloadModule(long module) {
    check(JCudaDriver.cuModuleUnload(removed(modules, module, "module")), "cuModuleUnload");
  }

  @Override
  public long function(long module, String name) {
    var function = new Function();
    check(
        JCudaDriver.cuModuleGetFunction(function, known(modules, module, "module"), name),
        "cuModuleGetFunction " + name);
    functions.put(function.handle(), function);
    return function.handle();
  }

  @Override
  public int functionAttribute(long function, FunctionAttribute attribute) {
    var value = new int[1];
    check(
        JCudaDriver.cuFuncGetAttribute(
            value, attribute.number(), known(functions, function, "function")),
        "cuFuncGetAttribute");
    return value[0];
  }

  @Override
  public void setFunctionAttribute(long function, FunctionAttribute attribute, int value) {
    check(
        JCudaDriver.cuFuncSetAttribute(
            known(functions, function, "function"), attribute.number(), value),
        "cuFuncSetAttribute");
  }

  @Override
  public void launch(KernelCall call, long stream) {
    var shape = call.shape();
    int result;
    try {
      result =
          shape.extended()
              ? (int)
                  launchKernelEx.invokeExact(
                      call.config(stream), call.function(), MemorySegment.NULL, call.extra())
              : (int)
                  launchKernel.invokeExact(
                      call.function(),
                      shape.gridX(),
                      shape.gridY(),
                      shape.gridZ(),
                      shape.blockX(),
                      shape.blockY(),
                      shape.blockZ(),
                      shape.sharedBytes(),
                      stream,
                      MemorySegment.NULL,
                      call.extra());
    } catch (Throwable e) {
      throw Native.failed(e);
    }
    check(result, shape.extended() ? "cuLaunchKernelEx" : "cuLaunchKernel");
  }

  @Override
  public void beginCapture(long stream) {
    check(
        JCudaDriver.cuStreamBeginCapture(stream(stream), CAPTURE_THREAD_LOCAL),
        "cuStreamBeginCapture");
  }

  @Override
  public long endCapture(long stream) {
    var graph = new Graph();
    check(JCudaDriver.cuStreamEndCapture(stream(stream), graph), "cuStreamEndCapture");
    graphs.put(graph.handle(), graph);
    return graph.handle();
  }

  @Override
  public long instantiate(long graph) {
    var executable = new Executable();
    check(
        JCudaDriver.cuGraphInstantiate(executable, known(graphs, graph, "graph"), 0),
        "cuGraphInstantiate");
    executables.put(executable.handle(), executable);
    return executable.handle();
  }

  @Override
  public void destroyGraph(long graph) {
    check(JCudaDriver.cuGraphDestroy(removed(graphs, graph, "graph")), "cuGraphDestroy");
  }

  @Override
  public void launchGraph(long executable, long stream) {
    check(
        JCudaDriver.cuGraphLaunch(known(executables, executable, "graph"), stream(stream)),
        "cuGraphLaunch");
  }

  @Override
  public void destroyExecutable(long executable) {
    check(
        JCudaDriver.cuGraphExecDestroy(removed(executables, executable, "graph")),
        "cuGraphExecDestroy");
  }

  /** JCuda's object for a stream, as JCublas and JCudnn take it. */
  CUstream stream(long stream) {
    return stream == 0 ? new Stream() : known(streams, stream, "stream");
  }

  private static <T> T known(Map<Long, T> handles, long handle, String kind) {
    return checked(handles.get(handle), handle, kind);
  }

  private static <T> T removed(Map<Long, T> handles, long handle, String kind) {
    return checked(handles.remove(handle), handle, kind);
  }

  private static <T> T checked(@Nullable T object, long handle, String kind) {
    if (object == null) {
      throw new DeviceException(
          "cuda: " + kind + ": expected an open one, got 0x" + Long.toHexString(handle));
    }
    return object;
  }

  /** JCuda's pointer with a given address. */
  static CUdeviceptr at(long address) {
    return new CUdeviceptr().withByteOffset(address);
  }

  // A subclass is what may read the number in JCuda's object.

  private static final class Address extends CUdeviceptr {
    long handle() {
      return getNativePointer();
    }
  }

  /** Host memory as JCuda's pointer. */
  private static final class Host extends Pointer {
    Host(long address) {
      super(address);
    }

    long handle() {
      return getNativePointer();
    }
  }

  private static final class Context extends CUcontext {
    long handle() {
      return getNativePointer();
    }
  }

  private static final class Stream extends CUstream {
    long handle() {
      return getNativePointer();
    }
  }

  private static final class Event extends CUevent {
    long handle() {
      return getNativePointer();
    }
  }

  private static final class Pool extends CUmemoryPool {
    long handle() {
      return getNativePointer();
    }
  }

  private static final class Module extends CUmodule {
    long handle() {
      return getNativePointer();
    }
  }

  private static final class Function extends CUfunction {
    long handle() {
      return getNativePointer();
    }
  }

  private static final class Graph extends CUgraph {
    long handle() {
      return getNativePointer();
    }
  }

  private static final class Executable extends CUgraphExec {
    long handle() {
      return getNativePointer();
    }
  }
}
