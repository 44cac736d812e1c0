package org.drag4j.engine;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceMemoryException;
import org.drag4j.device.PinnedArrays;
import org.drag4j.device.UnsupportedOpException;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.session.Editor;
import org.drag4j.trace.Trace;
import org.drag4j.weights.ModelFolder;
import org.jspecify.annotations.Nullable;

/**
 * One device, one model at a time, and one thread that owns them. Jobs go in from any thread to a
 * bounded queue and are carried out one after the other, first in, first out.
 *
 * <p>The device is opened by the first job, a model by the first job that names it after another
 * one. A job that fails leaves the engine ready for the next; after a failure that may have left a
 * device in disorder, device and model are opened again.
 */
public final class Engine implements AutoCloseable {
  /** Most jobs that wait. */
  public static final int CAPACITY = 64;

  private final Setup setup;
  private final Keeping keeping;
  private final Trace trace;
  private final BlockingQueue<Job<?>> queue = new ArrayBlockingQueue<>(CAPACITY);

  /** Comes after the last job. */
  private final Job<?> end = Job.open(Path.of(""));

  private final Thread thread = Thread.ofPlatform().name("drag4j engine").unstarted(this::serve);
  private volatile @Nullable Job<?> running;
  private boolean closed;

  /** Of the engine's thread alone, as what follows. */
  private final Set<String> told = new HashSet<>();

  private @Nullable Backend device;
  private @Nullable Editor editor;
  private Path model = Path.of("");

  private Engine(Setup setup, Keeping keeping, Trace trace) {
    this.setup = setup;
    this.keeping = keeping;
    this.trace = trace;
  }

  /** Starts an engine that keeps weights between jobs, as {@link #start(Setup, Keeping, Trace)}. */
  public static Engine start(Setup setup) {
    return start(setup, Keeping.WEIGHTS, Trace.OFF);
  }

  /**
   * Starts an engine. Nothing is opened yet.
   *
   * @param trace sees every step, on the engine's thread
   * @throws DeviceException where this Java {@linkplain PinnedArrays can corrupt arrays}
   */
  public static Engine start(Setup setup, Keeping keeping, Trace trace) {
    PinnedArrays.require();
    var engine = new Engine(setup, keeping, trace);
    engine.thread.start();
    return engine;
  }

  /**
   * Puts a job into the queue.
   *
   * @return the job
   * @throws RejectedExecutionException where the queue is full or the engine closed; the job can be
   *     submitted again
   * @throws IllegalStateException where the job was submitted before
   */
  public synchronized <R> Job<R> submit(Job<R> job) {
    if (closed) {
      throw new RejectedExecutionException(
          "engine: expected an open one, got a job after it was closed; start another");
    }
    job.claim(thread);
    if (!queue.offer(job)) {
      job.release();
      throw new RejectedExecutionException(
          "engine: expected room in its queue, got "
              + CAPACITY
              + " jobs that wait; wait for one of them");
    }
    return job;
  }

  /**
   * Takes no more jobs, waits for all that are in, and closes model and device. A thread that is
   * interrupted meanwhile cancels them, waits on, and is still interrupted when this returns.
   *
   * @throws IllegalStateException on the engine's own thread, which would wait for itself
   */
  @Override
  public void close() {
    if (Thread.currentThread().equals(thread)) {
      throw new IllegalStateException(
          "engine: expected to be closed on another thread, got its own; close it elsewhere");
    }
    boolean last;
    synchronized (this) {
      last = !closed;
      closed = true;
    }
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        if (last) {
          queue.put(end);
          last = false;
        }
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
        cancelAll();
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void cancelAll() {
    queue.forEach(Job::cancel);
    var now = running;
    if (now != null) {
      now.cancel();
    }
  }

  private void serve() {
    try {
      for (var job = next(); job != end; job = next()) {
        running = job;
        serve(job);
        running = null;
      }
    } finally {
      letGo();
    }
  }

  private Job<?> next() {
    while (true) {
      try {
        return queue.take();
      } catch (InterruptedException e) {
        // Meant for the job that has ended meanwhile.
      }
    }
  }

  private <R> void serve(Job<R> job) {
    R result;
    try {
      result = work(job);
    } catch (RuntimeException | Error e) {
      try {
        if (leavesDisorder(e)) {
          letGo();
        }
      } catch (RuntimeException | Error again) {
        e.addSuppressed(again);
      }
      job.fail(e);
      return;
    }
    job.succeed(result);
  }

  private <R> R work(Job<R> job) {
    var progress = job.progress();
    progress.check();
    var open = opened(job.model(), progress);
    open.pipeline().notes().stream().filter(told::add).forEach(progress::warn);
    var result = job.run(open);
    if (device != null) {
      device.warnings().stream().filter(told::add).forEach(progress::warn);
    }
    return result;
  }

  private Editor opened(Path folder, Progress progress) {
    if (editor != null && model.equals(folder)) {
      return editor;
    }
    closePipeline();
    progress.phase("load", 1);
    var files = ModelFolder.open(folder);
    if (device == null) {
      device = setup.open();
    }
    var pipeline = Pipeline.open(files, device, setup.planOptions(), keeping.weights());
    pipeline.trace(trace);
    var opened = keeping.editor(pipeline);
    editor = opened;
    model = folder;
    progress.advance(1, 1);
    return opened;
  }

  /** A device that failed is lost; what was refused for want of memory or of a kernel is not. */
  private static boolean leavesDisorder(Throwable failure) {
    return switch (failure) {
      case DeviceMemoryException _ -> false;
      case UnsupportedOpException _ -> false;
      case DeviceException _ -> true;
      case Error _ -> true;
      default -> false;
    };
  }

  private void closePipeline() {
    var open = editor;
    editor = null;
    if (open != null) {
      try (var _ = open.pipeline()) {
        open.close();
      }
    }
  }

  private void letGo() {
    var open = device;
    try (open) {
      closePipeline();
    } finally {
      device = null;
    }
  }
}
