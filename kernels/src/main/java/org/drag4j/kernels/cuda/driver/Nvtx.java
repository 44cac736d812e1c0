package org.drag4j.kernels.cuda.driver;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Named ranges on a profiler's time line; next to nothing where no profiler listens. */
public final class Nvtx {
  private final MethodHandle push;
  private final MethodHandle pop;
  // Names come again and again; they are few, and the profiler may keep the pointers.
  private final Map<String, MemorySegment> names = new ConcurrentHashMap<>();

  private Nvtx(MethodHandle push, MethodHandle pop) {
    this.push = push;
    this.pop = pop;
  }

  /** Ranges by the given library. */
  public static Nvtx open(LibraryProbe.Loaded library) {
    return new Nvtx(
        Native.status(library.symbols(), "nvtxRangePushA", ADDRESS),
        Native.function(library.symbols(), "nvtxRangePop", FunctionDescriptor.of(JAVA_INT)));
  }

  /**
   * Begins a range within those that this thread has begun; its depth, negative without profiler.
   */
  public int push(String name) {
    var text = names.computeIfAbsent(name, n -> Arena.global().allocateFrom(n));
    try {
      return (int) push.invokeExact(text);
    } catch (Throwable e) {
      throw Native.failed(e);
    }
  }

  /** Ends the innermost range of this thread; its depth, negative without profiler. */
  public int pop() {
    try {
      return (int) pop.invokeExact();
    } catch (Throwable e) {
      throw Native.failed(e);
    }
  }
}
