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

  /** The caller, its own share done, spins this often before it offers its core to others. */
  private static final int SPINS_AT_END = 1_000;

  /** In {@code state}: workers may join the call. The lower bits count those that have. */
  private static final int OPEN = 1 << 30;

  private final Worker[] workers;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger state = new AtomicInteger();
  private final AtomicInteger generation = new AtomicInteger();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private volatile boolean closed;
  private @Nullable Task task;
  private int count;

  Workers(int size) {
    workers = new Worker[size - 1];
    for (int i = 0; i < workers.length; i++) {
      workers[i] = new Worker(i + 1);
    }
    for (var w : workers) {
      w.thread.start();
    }
  }

  /** Number of threads, the caller's included. */
  int size() {
    return workers.length + 1;
  }

  /**
   * Runs {@code tasks} pieces and returns when all are done; rethrows the first failure. One caller
   * at a time.
   */
  @SuppressWarnings("ThreadPriorityCheck") // yielding is a courtesy; nothing depends on it
  void run(int tasks, Task work) {
    if (tasks <= 1 || workers.length == 0) {
      for (int i = 0; i < tasks; i++) {
        work.run(i, 0);
      }
      return;
    }
    task = work;
    count = tasks;
    next.set(0);
    generation.incrementAndGet();
    state.set(OPEN);
    for (var w : workers) {
      if (w.asleep) {
        LockSupport.unpark(w.thread);
      }
    }
    take(work, tasks, 0);
    // Workers that have not joined by now never will: a small call does not wait for their waking.
    state.getAndUpdate(s -> s & ~OPEN);
    for (int spins = 0; state.get() > 0; spins++) {
      if (spins < SPINS_AT_END) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
    task = null; // it holds on to the arrays it works on
    var failed = failure.getAndSet(null);
    if (failed instanceof OutOfMemoryError e) {
      throw e;
    }
    if (failed != null) {
      throw new IllegalStateException("cpu: a kernel failed: " + failed, failed);
    }
  }

  private boolean join() {
    int s = state.get();
    while ((s & OPEN) != 0) {
      if (state.compareAndSet(s, s + 1)) {
        return true;
      }
      s = state.get();
    }
    return false;
  }

  private final class Worker {
    private final int id;
    private final Thread thread;
    private volatile boolean asleep;

    Worker(int id) {
      this.id = id;
      thread = Thread.ofPlatform().daemon().name("drag4j-cpu-" + id).unstarted(this::work);
    }

    private void work() {
      int seen = 0;
      int spins = 0;
      while (!closed) {
        if (generation.get() != seen && join()) {
          seen = generation.get();
          spins = 0;
          var work = task;
          if (work != null) {
            take(work, count, id);
          }
          state.decrementAndGet();
        } else if (++spins < SPINS) {
          Thread.onSpinWait();
        } else {
          sleep(seen);
        }
      }
    }

    /** Sleeps unless a call came meanwhile: the caller looks at the flag after it has opened. */
    private void sleep(int seen) {
      asleep = true;
      if (!closed && (generation.get() == seen || (state.get() & OPEN) == 0)) {
        LockSupport.park(Workers.this);
      }
      asleep = false;
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
    for (var w : workers) {
      LockSupport.unpark(w.thread);
    }
  }
}
