package org.drag4j.engine;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.drag4j.document.EditDocument;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.CancelledException;
import org.drag4j.pipeline.Progress;
import org.drag4j.session.CheckedEdit;
import org.drag4j.session.EditResult;
import org.drag4j.session.Editor;
import org.drag4j.session.Glimpse;
import org.jspecify.annotations.Nullable;

/**
 * One piece of work for an {@link Engine}, followed and stopped from any thread. It is submitted
 * once.
 */
public final class Job<R> {
  /** What is done with an open model, on the engine's thread. */
  @FunctionalInterface
  public interface Work<R> {
    /**
     * Does the work, reports to {@code progress} and {@code glimpse}, and stops where {@code
     * progress} asks for it.
     */
    R with(Editor editor, Progress progress, Glimpse glimpse);
  }

  private final Path model;
  private final Work<R> work;
  private final Consumer<? super Event> events;
  private final BooleanSupplier stop;
  private final CompletableFuture<R> end = new CompletableFuture<>();
  private final AtomicReference<@Nullable Thread> server = new AtomicReference<>();
  private volatile boolean cancelled;

  private Job(Path model, Work<R> work, Consumer<? super Event> events, BooleanSupplier stop) {
    this.model = model;
    this.work = work;
    this.events = events;
    this.stop = stop;
  }

  /** Any work with a model, a folder in the diffusers layout. */
  public static <R> Job<R> of(Path model, Work<R> work) {
    return new Job<>(model, work, _ -> {}, () -> false);
  }

  /** An edit, as {@link Editor#edit(CheckedEdit, Progress, Glimpse)} carries it out. */
  public static Job<EditResult> edit(Path model, CheckedEdit edit) {
    return of(model, (editor, progress, glimpse) -> editor.edit(edit, progress, glimpse));
  }

  /**
   * An edit of a picture, the only one of its document.
   *
   * @throws org.drag4j.geometry.EditDocumentException where the document does not fit the picture
   */
  public static Job<EditResult> edit(Path model, EditDocument document, Picture picture) {
    return edit(model, CheckedEdit.of(document, picture));
  }

  /** Opens device and model and does nothing with them; its result is the model. */
  public static Job<Path> open(Path model) {
    return of(model, (_, _, _) -> model);
  }

  /**
   * The same work, followed by a listener. Events come on the engine's thread, one after the other,
   * none after {@link Event.Done} or {@link Event.Failed}. An exception that the listener throws
   * before these fails the job.
   */
  public Job<R> following(Consumer<? super Event> listener) {
    return new Job<>(model, work, listener, stop);
  }

  /**
   * The same work, stopped by a condition as well, which is asked between steps on the engine's
   * thread.
   */
  public Job<R> stoppedBy(BooleanSupplier condition) {
    return new Job<>(model, work, events, condition);
  }

  /** Stops the work at its next step, or before it begins; it then fails. */
  public void cancel() {
    cancelled = true;
  }

  /** Whether the work has ended, well or not. */
  public boolean isDone() {
    return end.isDone();
  }

  /**
   * Waits for the end, and returns the result.
   *
   * @throws CancelledException where somebody stopped the work; whatever else the work threw, is
   *     thrown as it was
   * @throws InterruptedException where the waiting thread is interrupted; the work goes on
   * @throws IllegalStateException on the engine's own thread, which would wait for itself
   */
  public R await() throws InterruptedException {
    if (Thread.currentThread().equals(server.get())) {
      throw new IllegalStateException(
          "job: expected to be awaited on another thread, got the engine's own; wait elsewhere");
    }
    try {
      return end.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw new IllegalStateException(e);
      }
    }
  }

  Path model() {
    return model;
  }

  /** Takes the job for the engine of this thread. */
  void claim(Thread by) {
    if (!server.compareAndSet(null, by)) {
      throw new IllegalStateException(
          "job: expected to be submitted once, got it again; make another job of the same work");
    }
  }

  /** Gives the job back, which its engine had no room for. */
  void release() {
    server.set(null);
  }

  R run(Editor editor) {
    return work.with(
        editor,
        progress(),
        (step, steps, picture) -> events.accept(new Event.Glimpse(step, steps, picture)));
  }

  Progress progress() {
    return new Progress() {
      @Override
      public void phase(String name, int steps) {
        events.accept(new Event.Phase(name, steps));
      }

      @Override
      public void step(int done, int total) {
        events.accept(new Event.Step(done, total));
      }

      @Override
      public void warn(String message) {
        events.accept(new Event.Warning(message));
      }

      @Override
      public boolean cancelled() {
        return cancelled || stop.getAsBoolean();
      }
    };
  }

  void succeed(R result) {
    tell(new Event.Done());
    end.complete(result);
  }

  void fail(Throwable cause) {
    tell(new Event.Failed(cause));
    end.completeExceptionally(cause);
  }

  /** The last event: what its listener throws has no job left to fail. */
  private void tell(Event last) {
    try {
      events.accept(last);
    } catch (RuntimeException e) {
      var thread = Thread.currentThread();
      thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
    }
  }
}
