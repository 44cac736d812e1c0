package org.drag4j.kernels.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import jcuda.driver.CUresult;

/**
 * A driver in Java that runs nothing before it is waited for, so that a missing wait shows, and
 * that knows what is alive: the wrong use of memory, handles, contexts and recordings fails as it
 * would on a device. A module's image is the names of its kernels, which are Java.
 */
public final class FakeCudaDriver implements CudaDriver {
  /** A kernel in Java. */
  @FunctionalInterface
  public interface Kernel {
    /** Runs on device memory with the bytes of the argument struct. */
    void run(FakeCudaDriver device, KernelCall.Shape shape, MemorySegment arguments);
  }

  private record Failure(String call, int countdown, int result) {}

  private static final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int result;

    Fault(int result) {
      this.result = result;
    }
  }

  private static final class Block {
    // Never given back before the driver is: an address means one block for good.
    private final MemorySegment bytes;
    private final long pool;
    private boolean freed;

    Block(long size, long pool) {
      bytes = Arena.ofAuto().allocate(size + 2 * GAP, 256).asSlice(0, size);
      bytes.fill((byte) 0xa5);
      this.pool = pool;
    }

    long size() {
      return bytes.byteSize();
    }
  }

  private static final class Stream {
    private final Deque<Runnable> queue = new ArrayDeque<>();
    private final List<Runnable> recorded = new ArrayList<>();
    private boolean recording;
    private boolean invalidated;
  }

  private static final class Event {
    private final boolean timed;
    private boolean done = true;
    private long stream;
    private long time;

    Event(boolean timed) {
      this.timed = timed;
    }
  }

  private static final class Pool {
    private final long keep;
    private long kept;

    Pool(long keep) {
      this.keep = keep;
    }
  }

  private static final long GAP = 4096;

  private final int devices;
  private final long capacity;
  private final boolean pooled;
  private final Map<String, Kernel> kernels = new HashMap<>();
  private final ThreadLocal<Long> current = ThreadLocal.withInitial(() -> 0L);
  private final TreeMap<Long, Block> blocks = new TreeMap<>();
  private final Map<Long, Arena> hosts = new LinkedHashMap<>();
  private final Map<Long, Stream> streams = new LinkedHashMap<>();
  private final Map<Long, Event> events = new LinkedHashMap<>();
  private final Map<Long, Pool> pools = new LinkedHashMap<>();
  private final Map<Long, List<String>> modules = new LinkedHashMap<>();
  private final Map<Long, String> functions = new LinkedHashMap<>();
  private final Map<Long, Integer> shared = new HashMap<>();
  private final Map<Long, List<Runnable>> graphs = new LinkedHashMap<>();
  private final Map<Long, List<Runnable>> executables = new LinkedHashMap<>();
  private final List<String> calls = new ArrayList<>();
  private final List<Failure> failures = new ArrayList<>();
  private int capability = 90;
  private long nextHandle = 1;
  private long used;
  private long clock;
  private int retained;
  private int lost;

  /** One device with this much memory. */
  public FakeCudaDriver(long capacity) {
    this(1, capacity, true);
  }

  /** Several devices, which may lack memory pools. */
  public FakeCudaDriver(int devices, long capacity, boolean pooled) {
    this.devices = devices;
    this.capacity = capacity;
    this.pooled = pooled;
  }

  /** Gives the device a kernel. */
  public FakeCudaDriver with(String name, Kernel kernel) {
    kernels.put(name, kernel);
    return this;
  }

  /** Makes its devices those of another generation than 9.0: 86 for 8.6. */
  public FakeCudaDriver capability(int number) {
    capability = number;
    return this;
  }

  /** Makes the {@code nth} next call of a method fail; any method where the name is empty. */
  public void fail(String call, int nth, int result) {
    failures.add(new Failure(call, nth, result));
  }

  /** Calls made so far, as {@code name}. */
  public List<String> calls() {
    return calls;
  }

  /** What has not been given back. */
  public List<String> leaks() {
    var leaks = new ArrayList<String>();
    blocks.forEach((address, block) -> {
      if (!block.freed) {
        leaks.add("memory of " + block.size());
      }
    });
    hosts.keySet().forEach(_ -> leaks.add("host memory"));
    streams.keySet().forEach(_ -> leaks.add("stream"));
    events.keySet().forEach(_ -> leaks.add("event"));
    pools.keySet().forEach(_ -> leaks.add("pool"));
    modules.keySet().forEach(_ -> leaks.add("module"));
    graphs.keySet().forEach(_ -> leaks.add("graph"));
    executables.keySet().forEach(_ -> leaks.add("executable graph"));
    if (retained != 0) {
      leaks.add("context");
    }
    return leaks;
  }

  /** Device memory, as a kernel of this fake reads and writes it. */
  public MemorySegment memory(long address, long bytes) {
    var entry = blocks.floorEntry(address);
    if (entry == null
        || entry.getValue().freed
        || address + bytes > entry.getKey() + entry.getValue().size()) {
      throw new Fault(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS);
    }
    return entry.getValue().bytes.asSlice(address - entry.getKey(), bytes);
  }

  /** All memory in use. */
  public List<MemorySegment> memory() {
    return blocks.values().stream().filter(b -> !b.freed).map(b -> b.bytes).toList();
  }

  private void enter(String call) {
    calls.add(call);
    CudaErrors.check(lost, call);
    for (int i = 0; i < failures.size(); i++) {
      var f = failures.get(i);
      if (f.call().isEmpty() || f.call().equals(call)) {
        if (f.countdown() > 1) {
          failures.set(i, new Failure(f.call(), f.countdown() - 1, f.result()));
        } else {
          failures.remove(i);
          lost = CudaErrors.lost(f.result()) ? f.result() : lost;
          CudaErrors.check(f.result(), call);
        }
        break;
      }
    }
  }

  /** What needs a context of the calling thread. */
  private void enterContext(String call) {
    enter(call);
    if (current.get() == 0 || retained == 0) {
      CudaErrors.check(CUresult.CUDA_ERROR_INVALID_CONTEXT, call);
    }
  }

  private <T> T known(Map<Long, T> map, long handle, String call) {
    var object = map.get(handle);
    if (object == null) {
      CudaErrors.check(CUresult.CUDA_ERROR_INVALID_HANDLE, call);
      throw new AssertionError();
    }
    return object;
  }

  private void enqueue(long stream, String call, Runnable work) {
    var s = known(streams, stream, call);
    if (s.recording) {
      s.recorded.add(work);
    } else {
      s.queue.add(work);
    }
  }

  /** Puts work of a library's on a stream. */
  public void enqueueWork(long stream, String library, Runnable work) {
    enterContext(library);
    enqueue(stream, library, work);
  }

  private void drain(Stream stream) {
    while (lost == 0 && !stream.queue.isEmpty()) {
      step(stream);
    }
  }

  private void step(Stream stream) {
    try {
      stream.queue.remove().run();
    } catch (Fault e) {
      lost = e.result;
    }
  }

  private void drainAll() {
    streams.values().forEach(this::drain);
  }

  /** What a recording does not survive. */
  private void forbidWhileRecording(String call) {
    for (var s : streams.values()) {
      if (s.recording) {
        s.invalidated = true;
        CudaErrors.check(CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, call);
      }
    }
  }

  private long handle() {
    return nextHandle++;
  }

  @Override
  public int deviceCount() {
    enter("deviceCount");
    return devices;
  }

  @Override
  public String deviceName(int device) {
    enter("deviceName");
    return "Fake " + device;
  }

  @Override
  public int attribute(int device, Attribute attribute) {
    enter("attribute");
    return switch (attribute) {
      case MULTIPROCESSORS -> 132;
      case COMPUTE_CAPABILITY_MAJOR -> capability / 10;
      case COMPUTE_CAPABILITY_MINOR -> capability % 10;
      case L2_CACHE_BYTES -> 50 << 20;
      case SHARED_BYTES_PER_MULTIPROCESSOR -> 228 << 10;
      case SHARED_BYTES_PER_BLOCK_OPTIN -> 227 << 10;
      case MEMORY_POOLS -> pooled ? 1 : 0;
    };
  }

  @Override
  public long totalBytes(int device) {
    enter("totalBytes");
    return capacity;
  }

  @Override
  public long retainContext(int device) {
    enter("retainContext");
    retained++;
    return 1000L + device;
  }

  @Override
  public void makeCurrent(long context) {
    enter("makeCurrent");
    current.set(context);
  }

  @Override
  public void releaseContext(int device) {
    calls.add("releaseContext"); // Works for a lost context too.
    retained--;
    if (retained == 0 && lost != 0) {
      // The driver throws away what a lost context held.
      blocks.values().forEach(b -> b.freed = true);
      hosts.clear();
      streams.clear();
      events.clear();
      pools.clear();
      modules.clear();
      graphs.clear();
      executables.clear();
      lost = 0;
    }
  }

  @Override
  public MemoryInfo memoryInfo() {
    enterContext("memoryInfo");
    return new MemoryInfo(capacity - used, capacity);
  }

  @Override
  public long allocate(long bytes) {
    enterContext("allocate");
    forbidWhileRecording("allocate");
    return take(bytes, 0, "allocate");
  }

  private long take(long bytes, long pool, String call) {
    if (bytes < 1) {
      CudaErrors.check(CUresult.CUDA_ERROR_INVALID_VALUE, call);
    }
    long fresh = bytes;
    if (pool != 0) {
      var p = known(pools, pool, call);
      if (p.kept >= bytes) {
        p.kept -= bytes;
        fresh = 0;
      }
    }
    if (fresh > capacity - used) {
      CudaErrors.check(CUresult.CUDA_ERROR_OUT_OF_MEMORY, call);
    }
    used += fresh;
    var block = new Block(bytes, pool);
    blocks.put(block.bytes.address(), block);
    return block.bytes.address();
  }

  @Override
  public void free(long address) {
    enterContext("free");
    forbidWhileRecording("free");
    drainAll();
    CudaErrors.check(lost, "free");
    var block = allocated(address, "free");
    block.freed = true;
    used -= block.size();
  }

  private Block allocated(long address, String call) {
    var block = blocks.get(address);
    if (block == null || block.freed) {
      CudaErrors.check(CUresult.CUDA_ERROR_INVALID_VALUE, call);
      throw new AssertionError();
    }
    return block;
  }

  @Override
  public long createPool(int device, long keepBytes) {
    enter("createPool");
    long handle = handle();
    pools.put(handle, new Pool(keepBytes));
    return handle;
  }

  @Override
  public long allocate(long bytes, long pool, long stream) {
    enterContext("allocateFromPool");
    known(streams, stream, "allocateFromPool");
    return take(bytes, pool, "allocateFromPool");
  }

  @Override
  public void free(long address, long stream) {
    enterContext("freeAsync");
    var block = allocated(address, "freeAsync");
    enqueue(
        stream,
        "freeAsync",
        () -> {
          if (block.freed) {
            throw new Fault(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS);
          }
          block.freed = true;
          var pool = known(pools, block.pool, "freeAsync");
          long kept = Math.min(block.size(), pool.keep - pool.kept);
          pool.kept += kept;
          used -= block.size() - kept;
        });
  }

  @Override
  public void trimPool(long pool, long keepBytes) {
    enterContext("trimPool");
    var p = known(pools, pool, "trimPool");
    long given = Math.max(0, p.kept - keepBytes);
    p.kept -= given;
    used -= given;
  }

  @Override
  public void destroyPool(long pool) {
    enterContext("destroyPool");
    drainAll();
    for (var block : blocks.values()) {
      if (block.pool == pool && !block.freed) {
        throw new AssertionError("pool destroyed before its memory was given back");
      }
    }
    used -= known(pools, pool, "destroyPool").kept;
    pools.remove(pool);
  }

  @Override
  public MemorySegment allocateHost(long bytes) {
    enterContext("allocateHost");
    forbidWhileRecording("allocateHost");
    var arena = Arena.ofShared();
    var memory = arena.allocate(bytes, 64);
    hosts.put(memory.address(), arena);
    return memory;
  }

  @Override
  public void freeHost(MemorySegment memory) {
    enterContext("freeHost");
    known(hosts, memory.address(), "freeHost").close();
    hosts.remove(memory.address());
  }

  @Override
  public void copyToDevice(long target, MemorySegment source, long stream) {
    enterContext("copyToDevice");
    checkNative(source);
    enqueue(stream, "copyToDevice", () -> memory(target, source.byteSize()).copyFrom(source));
  }

  @Override
  public void copyToHost(MemorySegment target, long source, long stream) {
    enterContext("copyToHost");
    checkNative(target);
    enqueue(stream, "copyToHost", () -> target.copyFrom(memory(source, target.byteSize())));
  }

  private static void checkNative(MemorySegment memory) {
    if (!memory.isNative()) {
      throw new AssertionError("copy: expected native memory");
    }
  }

  @Override
  public void copy(long target, long source, long bytes, long stream) {
    enterContext("copy");
    enqueue(stream, "copy", () -> memory(target, bytes).copyFrom(memory(source, bytes)));
  }

  @Override
  public void fill(long address, byte value, long bytes, long stream) {
    enterContext("fill");
    enqueue(stream, "fill", () -> memory(address, bytes).fill(value));
  }

  @Override
  public long createStream() {
    enterContext("createStream");
    long handle = handle();
    streams.put(handle, new Stream());
    return handle;
  }

  @Override
  public void destroyStream(long stream) {
    enterContext("destroyStream");
    drain(known(streams, stream, "destroyStream"));
    streams.remove(stream);
  }

  @Override
  public void synchronize(long stream) {
    enterContext("synchronize");
    forbidWhileRecording("synchronize");
    drain(known(streams, stream, "synchronize"));
    CudaErrors.check(lost, "synchronize");
  }

  @Override
  public void await(long stream, long event) {
    enterContext("await");
    var e = known(events, event, "await");
    enqueue(stream, "await", () -> finish(e));
  }

  private void finish(Event e) {
    while (lost == 0 && !e.done) {
      step(known(streams, e.stream, "event"));
    }
  }

  @Override
  public long createEvent(boolean timed) {
    enterContext("createEvent");
    long handle = handle();
    events.put(handle, new Event(timed));
    return handle;
  }

  @Override
  public void destroyEvent(long event) {
    enterContext("destroyEvent");
    known(events, event, "destroyEvent");
    events.remove(event);
  }

  @Override
  public void record(long event, long stream) {
    enterContext("record");
    var e = known(events, event, "record");
    e.done = false;
    e.stream = stream;
    enqueue(
        stream,
        "record",
        () -> {
          e.done = true;
          e.time = ++clock;
        });
  }

  @Override
  public void synchronizeEvent(long event) {
    enterContext("synchronizeEvent");
    forbidWhileRecording("synchronizeEvent");
    finish(known(events, event, "synchronizeEvent"));
    CudaErrors.check(lost, "synchronizeEvent");
  }

  @Override
  public float elapsedMillis(long start, long end) {
    enterContext("elapsedMillis");
    var from = known(events, start, "elapsedMillis");
    var to = known(events, end, "elapsedMillis");
    if (!from.timed || !to.timed) {
      CudaErrors.check(CUresult.CUDA_ERROR_INVALID_HANDLE, "elapsedMillis");
    }
    if (!from.done || !to.done) {
      CudaErrors.check(CUresult.CUDA_ERROR_NOT_READY, "elapsedMillis");
    }
    return to.time - from.time;
  }

  @Override
  public long loadModule(byte[] image) {
    enterContext("loadModule");
    var names = List.of(new String(image, StandardCharsets.UTF_8).split(" ", -1));
    if (!kernels.keySet().containsAll(names)) {
      CudaErrors.check(CUresult.CUDA_ERROR_INVALID_IMAGE, "loadModule");
    }
    long handle = handle();
    modules.put(handle, names);
    return handle;
  }

  @Override
  public void unloadModule(long module) {
    enterContext("unloadModule");
    drainAll();
    known(modules, module, "unloadModule");
    modules.remove(module);
  }

  @Override
  public long function(long module, String name) {
    enterContext("function");
    if (!known(modules, module, "function").contains(name)) {
      CudaErrors.check(CUresult.CUDA_ERROR_NOT_FOUND, "function " + name);
    }
    long handle = handle();
    functions.put(handle, name);
    return handle;
  }

  @Override
  public int functionAttribute(long function, FunctionAttribute attribute) {
    enterContext("functionAttribute");
    known(functions, function, "functionAttribute");
    return switch (attribute) {
      case MAX_THREADS_PER_BLOCK -> 1024;
      case STATIC_SHARED_BYTES, LOCAL_BYTES_PER_THREAD -> 0;
      case REGISTERS_PER_THREAD -> 64;
      case MAX_DYNAMIC_SHARED_BYTES -> shared.getOrDefault(function, 48 << 10);
    };
  }

  @Override
  public void setFunctionAttribute(long function, FunctionAttribute attribute, int value) {
    enterContext("setFunctionAttribute");
    known(functions, function, "setFunctionAttribute");
    if (value > 227 << 10) {
      CudaErrors.check(CUresult.CUDA_ERROR_INVALID_VALUE, "setFunctionAttribute");
    }
    shared.put(function, value);
  }

  @Override
  public void launch(KernelCall call, long stream) {
    enterContext("launch");
    var name = known(functions, call.function(), "launch");
    if (call.shape().sharedBytes() > shared.getOrDefault(call.function(), 48 << 10)) {
      CudaErrors.check(CUresult.CUDA_ERROR_INVALID_VALUE, "launch");
    }
    var kernel = kernel(name);
    var arguments = Arena.ofAuto().allocate(call.arguments().byteSize(), 16);
    arguments.copyFrom(call.arguments());
    enqueue(stream, "launch", () -> kernel.run(this, call.shape(), arguments));
  }

  private Kernel kernel(String name) {
    var kernel = kernels.get(name);
    if (kernel == null) {
      throw new AssertionError("no kernel " + name);
    }
    return kernel;
  }

  @Override
  public void beginCapture(long stream) {
    enterContext("beginCapture");
    var s = known(streams, stream, "beginCapture");
    if (s.recording) {
      CudaErrors.check(CUresult.CUDA_ERROR_ILLEGAL_STATE, "beginCapture");
    }
    s.recording = true;
    s.invalidated = false;
    s.recorded.clear();
  }

  @Override
  public long endCapture(long stream) {
    enterContext("endCapture");
    var s = known(streams, stream, "endCapture");
    if (!s.recording) {
      CudaErrors.check(CUresult.CUDA_ERROR_ILLEGAL_STATE, "endCapture");
    }
    s.recording = false;
    if (s.invalidated) {
      CudaErrors.check(CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "endCapture");
    }
    long handle = handle();
    graphs.put(handle, List.copyOf(s.recorded));
    return handle;
  }

  @Override
  public long instantiate(long graph) {
    enterContext("instantiate");
    long handle = handle();
    executables.put(handle, known(graphs, graph, "instantiate"));
    return handle;
  }

  @Override
  public void destroyGraph(long graph) {
    enterContext("destroyGraph");
    known(graphs, graph, "destroyGraph");
    graphs.remove(graph);
  }

  @Override
  public void launchGraph(long executable, long stream) {
    enterContext("launchGraph");
    var work = known(executables, executable, "launchGraph");
    enqueue(stream, "launchGraph", () -> work.forEach(Runnable::run));
  }

  @Override
  public void destroyExecutable(long executable) {
    enterContext("destroyExecutable");
    known(executables, executable, "destroyExecutable");
    executables.remove(executable);
  }
}
