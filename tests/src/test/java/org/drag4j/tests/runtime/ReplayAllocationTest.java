package org.drag4j.tests.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.drag4j.device.Backend;
import org.drag4j.device.NullBackend;
import org.drag4j.device.Step;
import org.drag4j.plan.PlanOptions;
import org.drag4j.reference.CompiledCase;
import org.drag4j.reference.OpCases;
import org.drag4j.tests.conformance.Target;
import org.drag4j.trace.Trace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A run allocates nothing on the Java heap. Vector code may box until the compiler has seen enough
 * of it, so the CPU has a minute to settle.
 */
class ReplayAllocationTest {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final int RUNS = 50;
  private static final long PATIENCE_NANOS = 60_000_000_000L;

  @Test
  void theNullDeviceAllocatesNothingFromTheStart() {
    try (var backend = new NullBackend();
        var net = CompiledCase.open(backend, OpCases.everyOp().build(), PlanOptions.DEFAULT)) {
      net.plan().run(Trace.OFF); // loads classes
      long before = THREADS.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < RUNS; i++) {
        net.plan().run(Trace.OFF);
      }
      assertEquals(0, THREADS.getCurrentThreadAllocatedBytes() - before);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theCpuAllocatesNothingOnceItIsWarm(boolean vectors) {
    var target = vectors ? Target.cpu(2) : Target.cpuWithoutVectors(2);
    try (var backend = target.open()) {
      settles(backend);
    }
  }

  private static void settles(Backend backend) {
    try (var net = CompiledCase.open(backend, OpCases.everyOp().build(), PlanOptions.DEFAULT)) {
      var ids = threads();
      assertTrue(ids.length > 1, "expected worker threads to watch beside this one");
      long start = System.nanoTime();
      long before = allocated(ids);
      int clean = 0;
      while (clean < RUNS && System.nanoTime() - start < PATIENCE_NANOS) {
        net.plan().run(Trace.OFF);
        long after = allocated(ids);
        clean = after == before ? clean + 1 : 0;
        before = after;
      }
      if (clean < RUNS) {
        var culprits = new Culprits(ids);
        net.plan().run(culprits);
        assertEquals(Map.of(), culprits.bytes, "bytes allocated by kernel");
      }
      assertEquals(RUNS, clean, "runs in a row without an allocation");
    }
  }

  /** This thread and the device's own, all there are by now. */
  private static long[] threads() {
    var all = Thread.getAllStackTraces().keySet().stream();
    var workers = all.filter(t -> t.getName().startsWith("drag4j-")).mapToLong(Thread::threadId);
    return LongStream.concat(LongStream.of(Thread.currentThread().threadId()), workers).toArray();
  }

  /** Reading the counters allocates nothing itself. */
  private static long allocated(long[] ids) {
    long sum = 0;
    for (long id : ids) {
      sum += THREADS.getThreadAllocatedBytes(id);
    }
    return sum;
  }

  /** Which kernels allocate. */
  private static final class Culprits implements Trace {
    private final long[] ids;
    private final Map<String, Long> bytes = new LinkedHashMap<>();
    private long before;

    Culprits(long[] ids) {
      this.ids = ids;
    }

    @Override
    public void begin(Step step) {
      before = allocated(ids);
    }

    @Override
    public void end(Step step) {
      long some = allocated(ids) - before;
      if (some > 0) {
        bytes.merge(step.kernel().name() + " " + step.node().op(), some, Long::sum);
      }
    }
  }
}
