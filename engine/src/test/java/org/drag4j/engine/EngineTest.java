package org.drag4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceMemoryException;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.device.Step;
import org.drag4j.document.MaskSource;
import org.drag4j.method.Documents;
import org.drag4j.pipeline.CancelledException;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.plan.PlanOptions;
import org.drag4j.session.EditResult;
import org.drag4j.session.Editor;
import org.drag4j.trace.Trace;
import org.drag4j.weights.ModelFolder;
import org.drag4j.weights.ModelNotFoundException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class EngineTest {
  private static final Path HOME = Path.of("..").toAbsolutePath().normalize();
  private static final Path MODEL = HOME.resolve("models/demo");
  private static final Setup CPU = Setup.of("cpu");

  private final List<Event> heard = new CopyOnWriteArrayList<>();

  private static Edit eyes() {
    var edit = Edit.read(HOME.resolve("samples/eyes.json"));
    var masks = MaskSource.NONE;
    var small = List.of("method.steps=4", "working.size=64", "working.windows=one");
    return edit.with(Documents.set(edit.document(), "test", small, masks));
  }

  /** A job that holds the engine until it is let go. */
  private static Job<Integer> blocking(CountDownLatch begun, CountDownLatch go) {
    return Job.of(
        MODEL,
        (_, progress, _) -> {
          begun.countDown();
          waitFor(go, progress);
          return 1;
        });
  }

  private static void waitFor(CountDownLatch go, Progress progress) {
    try {
      while (!go.await(10, TimeUnit.MILLISECONDS)) {
        progress.check();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void anEditIsThatOfTheEditorAndItsEventsComeInOrder() throws Exception {
    var edit = eyes();
    Job<EditResult> job;
    try (var engine = Engine.start(CPU)) {
      job = engine.submit(edit.job(MODEL).following(heard::add));
      var result = job.await();
      try (var device = Devices.open("cpu", DeviceOptions.DEFAULT);
          var pipeline = Pipeline.open(ModelFolder.open(MODEL), device, PlanOptions.DEFAULT)) {
        var expected = Editor.edit(edit.document(), edit.original(), pipeline, Progress.NONE);
        assertEquals(expected.picture(), result.picture());
      }
    }
    assertTrue(job.isDone());
    var phases = new ArrayList<String>();
    var glimpses = new ArrayList<Integer>();
    for (var event : heard) {
      switch (event) {
        case Event.Phase(var name, var _) -> phases.add(name);
        case Event.Glimpse(var step, var steps, var _) -> {
          glimpses.add(step);
          assertTrue(step <= steps);
        }
        case Event.Step(var done, var total) -> assertTrue(done <= total);
        case Event.Warning _ -> {}
        case Event.Done _ -> assertSame(heard.getLast(), event);
        case Event.Failed(var cause) -> throw new AssertionError(cause);
      }
    }
    assertEquals(List.of("load", "encode", "invert", "edit", "decode"), phases);
    assertEquals(IntStream.rangeClosed(1, glimpses.size()).boxed().toList(), glimpses);
    assertFalse(glimpses.isEmpty());
    assertInstanceOf(Event.Done.class, heard.getLast());
  }

  @Test
  void whatHasNoEffectIsSaidBeforeTheWork() throws Exception {
    var elsewhere = List.of("mask={\"rectangle\": [0, 200, 250, 50]}");
    var edit = eyes();
    var masked = edit.with(Documents.set(edit.document(), "test", elsewhere, MaskSource.NONE));
    try (var engine = Engine.start(CPU)) {
      engine.submit(masked.job(MODEL).following(heard::add)).await();
    }
    var warnings = heard.stream().filter(e -> e instanceof Event.Warning).toList();
    assertEquals(
        List.of(
            new Event.Warning(
                "mask: leaves out the target of drags[0], drags[1], so nothing arrives there; draw"
                    + " it over handles and targets")),
        warnings);
    assertTrue(heard.indexOf(warnings.getFirst()) < heard.indexOf(new Event.Phase("encode", 1)));
  }

  @Test
  void jobsOfAnyThreadAreCarriedOutInOrderByOneThreadOnOneModel() throws Exception {
    var order = new CopyOnWriteArrayList<Integer>();
    Set<String> threads = new ConcurrentSkipListSet<>();
    var pipelines = new CopyOnWriteArrayList<Pipeline>();
    var begun = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    try (var engine = Engine.start(CPU)) {
      engine.submit(blocking(begun, go));
      begun.await();
      for (int i = 0; i < 8; i++) {
        int number = i;
        var from =
            Thread.ofPlatform()
                .start(() ->
                    engine.submit(
                        Job.of(
                            MODEL,
                            (editor, _, _) -> {
                              threads.add(Thread.currentThread().getName());
                              pipelines.add(editor.pipeline());
                              return order.add(number);
                            })));
        from.join();
      }
      go.countDown();
    }
    assertEquals(List.of(0, 1, 2, 3, 4, 5, 6, 7), order);
    assertEquals(Set.of("drag4j engine"), threads);
    assertEquals(1, pipelines.stream().distinct().count());
  }

  @Test
  void theQueueIsBoundedAndAJobThatFoundNoRoomCanComeAgain() throws Exception {
    var begun = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    var done = new AtomicInteger();
    try (var engine = Engine.start(CPU)) {
      engine.submit(blocking(begun, go));
      begun.await();
      var first = Job.of(MODEL, (_, _, _) -> done.incrementAndGet());
      engine.submit(first);
      for (int i = 1; i < Engine.CAPACITY; i++) {
        engine.submit(Job.of(MODEL, (_, _, _) -> done.incrementAndGet()));
      }
      var last = Job.of(MODEL, (_, _, _) -> done.incrementAndGet());
      var full = assertThrows(RejectedExecutionException.class, () -> engine.submit(last));
      assertTrue(String.valueOf(full.getMessage()).startsWith("engine: expected room"));
      assertThrows(IllegalStateException.class, () -> engine.submit(first));
      go.countDown();
      first.await();
      engine.submit(last);
    }
    assertEquals(Engine.CAPACITY + 1, done.get());
  }

  @Test
  void aJobThatIsCancelledStopsAtItsNextStep() throws Exception {
    var begun = new CountDownLatch(1);
    var never = new CountDownLatch(1);
    try (var engine = Engine.start(CPU)) {
      var running = engine.submit(blocking(begun, never).following(heard::add));
      var ran = new AtomicInteger();
      var waiting = engine.submit(Job.of(MODEL, (_, _, _) -> ran.incrementAndGet()));
      begun.await();
      waiting.cancel();
      assertFalse(running.isDone());
      running.cancel();
      assertThrows(CancelledException.class, running::await);
      assertThrows(CancelledException.class, waiting::await);
      assertEquals(0, ran.get());
      assertTrue(
          heard.getLast() instanceof Event.Failed(var cause)
              && cause instanceof CancelledException);
      assertEquals(MODEL, engine.submit(Job.open(MODEL)).await());
    }
  }

  @Test
  void aConditionStopsAJobBetweenSteps() throws Exception {
    var steps = new AtomicInteger();
    try (var engine = Engine.start(CPU)) {
      var job =
          eyes()
              .job(MODEL)
              .following(event -> {
                if (event instanceof Event.Glimpse) {
                  steps.incrementAndGet();
                }
              })
              .stoppedBy(() -> steps.get() > 0);
      assertThrows(CancelledException.class, engine.submit(job)::await);
      assertEquals(1, steps.get());
    }
  }

  @Test
  void aJobThatFailsLeavesModelAndEngineReady() throws Exception {
    var pipelines = new ArrayList<Pipeline>();
    try (var engine = Engine.start(CPU)) {
      var missing = engine.submit(Job.open(HOME.resolve("none")).following(heard::add));
      assertThrows(ModelNotFoundException.class, missing::await);
      assertInstanceOf(Event.Failed.class, heard.getLast());
      for (RuntimeException failure :
          List.of(new IllegalArgumentException("x"), new DeviceMemoryException("x"))) {
        var job =
            Job.<Integer>of(
                MODEL,
                (editor, _, _) -> {
                  pipelines.add(editor.pipeline());
                  throw failure;
                });
        assertSame(failure, assertThrows(RuntimeException.class, engine.submit(job)::await));
      }
      var angry =
          Job.open(MODEL)
              .following(event -> {
                throw new IllegalStateException("listener");
              });
      var handled = new AtomicReference<Throwable>();
      engine.submit(Job.of(MODEL, (_, _, _) -> uncaughtTo(handled))).await();
      assertEquals(MODEL, engine.submit(angry).await(), "all it hears is the end");
      assertInstanceOf(IllegalStateException.class, handled.get());
      engine.submit(Job.of(MODEL, (editor, _, _) -> pipelines.add(editor.pipeline()))).await();
    }
    assertEquals(3, pipelines.size());
    assertEquals(1, pipelines.stream().distinct().count());
  }

  private static boolean uncaughtTo(AtomicReference<Throwable> handled) {
    Thread.currentThread().setUncaughtExceptionHandler((_, e) -> handled.set(e));
    return true;
  }

  @Test
  void aDeviceThatFailedIsOpenedAgain() throws Exception {
    var pipelines = new ArrayList<Pipeline>();
    try (var engine = Engine.start(CPU)) {
      var job =
          Job.<Integer>of(
              MODEL,
              (editor, _, _) -> {
                pipelines.add(editor.pipeline());
                throw new DeviceException("lost");
              });
      assertThrows(DeviceException.class, engine.submit(job)::await);
      var next =
          Job.of(MODEL, (editor, _, _) -> pipelines.add(editor.pipeline())).following(heard::add);
      engine.submit(next).await();
    }
    assertNotSame(pipelines.get(0), pipelines.get(1));
    assertEquals(new Event.Phase("load", 1), heard.getFirst());
  }

  @Test
  void closingWaitsForAllThatIsIn() throws Exception {
    var begun = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    var engine = Engine.start(CPU);
    var first = engine.submit(blocking(begun, go));
    var second = engine.submit(Job.open(MODEL));
    begun.await();
    var closing = Thread.ofPlatform().start(engine::close);
    closing.join(100);
    assertTrue(closing.isAlive());
    go.countDown();
    closing.join();
    assertTrue(first.isDone() && second.isDone());
    engine.close();
    var late = assertThrows(RejectedExecutionException.class, () -> engine.submit(Job.open(MODEL)));
    assertTrue(String.valueOf(late.getMessage()).startsWith("engine: expected an open one"));
  }

  @Test
  void anInterruptedCloseCancelsAndWaits() throws Exception {
    var begun = new CountDownLatch(1);
    var engine = Engine.start(CPU);
    var running = engine.submit(blocking(begun, new CountDownLatch(1)));
    var waiting = engine.submit(Job.open(MODEL));
    begun.await();
    var interrupted = new AtomicBoolean();
    var closing =
        Thread.ofPlatform()
            .start(() -> {
              engine.close();
              interrupted.set(Thread.interrupted());
            });
    closing.interrupt();
    closing.join();
    assertTrue(interrupted.get());
    assertThrows(CancelledException.class, running::await);
    assertThrows(CancelledException.class, waiting::await);
  }

  @Test
  void theEnginesOwnThreadDoesNotWaitForItself() throws Exception {
    try (var engine = Engine.start(CPU)) {
      var own = new CompletableFuture<Job<Boolean>>();
      var job =
          Job.of(
              MODEL,
              (_, _, _) -> {
                assertThrows(IllegalStateException.class, () -> own.join().await());
                assertThrows(IllegalStateException.class, engine::close);
                return true;
              });
      own.complete(job);
      assertTrue(engine.submit(job).await());
    }
  }

  @Test
  void inversionsAreKeptForTheNextJob() throws Exception {
    var calls = new AtomicInteger();
    var trace =
        new Trace() {
          @Override
          public void begin(Step step) {
            if (step.node().path().equals("conv_in")) {
              calls.incrementAndGet();
            }
          }
        };
    try (var engine = Engine.start(CPU, Keeping.WEIGHTS.withInversions(1L << 30), trace)) {
      var first = engine.submit(eyes().job(MODEL)).await();
      int both = calls.getAndSet(0);
      var second = engine.submit(eyes().job(MODEL)).await();
      assertEquals(first.picture(), second.picture());
      assertTrue(calls.get() < both, calls + " of " + both);
    }
  }
}
