package org.drag4j.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Ctrl-C as a request to stop: the JVM's shutdown waits until the running step has ended and the
 * work has cleaned up after itself.
 */
final class Interrupt {
  /** Longer than one step of a full-size model on two cores. */
  private static final int PATIENCE_SECONDS = 20;

  private final CountDownLatch finished = new CountDownLatch(1);
  private volatile boolean requested;

  private Interrupt() {}

  /** Listens from now on, once per process. */
  static Interrupt install() {
    var interrupt = new Interrupt();
    Runtime.getRuntime()
        .addShutdownHook(Thread.ofPlatform().name("interrupt").unstarted(interrupt::shutdown));
    return interrupt;
  }

  private void shutdown() {
    requested = true;
    try {
      boolean _ = finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  boolean requested() {
    return requested;
  }

  /** The work has ended; shutdown need not wait. */
  void finish() {
    finished.countDown();
  }
}
