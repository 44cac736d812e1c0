package org.drag4j.kernels.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The device's threads. Tasks of one call are taken from a shared counter, so a thread that lost
 * its core to another process slows the call down by its own share only. The calling thread works
 * too.
 */
final class Workers implements AutoCloseable {
  /** One piece of a kernel's work. */
  @FunctionalInterface
  interface Task {
    /**
     * Does piece {@code index}; {@code thread} (0 to threads-1) names the scratch memory to use.
     */
    void run(int index, int thread);
  }

  /** A worker spins about this often between calls before it sleeps: kernels follow closely. */
  private static final int SPINS = 20_000;

  private final Thread[] threads;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger busy = new AtomicInteger();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final AtomicInteger generation = new AtomicInteger();
  private volatile boolean closed;
  private @Nullable Task task;
  private int count;

  Workers(int size) {
    threads = new Thread[size - 1];
    for (int i = 0; i < threads.length; i++) {
      int id = i + 1;
      threads[i] = Thread.ofPlatform().daemon().name("drag4j-cpu-" + id).start(() -> work(id));
    }
  }

  /** Number of threads, the caller's included. */
  int size() {
    return threads.length + 1;
  }

  /** Runs {@code tasks} pieces and returns when all are done; rethrows the first failure. */
  void run(int tasks, Task work) {
    if (tasks <= 1 || threads.length == 0) {
      for (int i = 0; i < tasks; i++) {
        work.run(i, 0);
      }
      return;
    }
    task = work;
    count = tasks;
    next.set(0);
    busy.set(threads.length);
    generation.incrementAndGet();
    for (var t : threads) {
      LockSupport.unpark(t);
    }
    take(work, tasks, 0);
    while (busy.get() > 0) {
      Thread.onSpinWait();
    }
    var failed = failure.getAndSet(null);
    if (failed instanceof OutOfMemoryError e) {
      throw e;
    }
    if (failed != null) {
      throw new IllegalStateException("cpu: a kernel failed: " + failed, failed);
    }
  }

  private void work(int id) {
    int seen = 0;
    int spins = 0;
    while (!closed) {
      if (generation.get() == seen) {
        if (++spins < SPINS) {
          Thread.onSpinWait();
        } else {
          LockSupport.park(this);
        }
        continue;
      }
      seen = generation.get();
      spins = 0;
      var work = task;
      if (work != null) {
        take(work, count, id);
      }
      busy.decrementAndGet();
    }
  }

  private void take(Task work, int tasks, int thread) {
    try {
      for (int i = next.getAndIncrement(); i < tasks; i = next.getAndIncrement()) {
        work.run(i, thread);
      }
    } catch (Throwable t) {
      next.set(tasks);
      failure.compareAndSet(null, t);
    }
  }

  @Override
  public void close() {
    closed = true;
    for (var t : threads) {
      LockSupport.unpark(t);
    }
  }
}
