package org.drag4j.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.drag4j.cli.console.ExitCode;

/**
 * Ctrl-C as a request to stop: the JVM's shutdown waits until the running step has ended and the
 * work has cleaned up after itself. A second Ctrl-C ends the process at once.
 */
final class Interrupt {
  /** Longer than one step of a full-size model on two cores. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final int LOOK_MILLIS = 200;
  private static final String SIGNAL_THREAD = "SIGINT handler";

  private final CountDownLatch finished = new CountDownLatch(1);
  private final Duration patience;
  private final PrintStream err;
  private volatile boolean requested;

  private Interrupt(Duration patience, PrintStream err) {
    this.patience = patience;
    this.err = err;
  }

  /** Listens from now on, once per process. */
  static Interrupt install() {
    return install(PATIENCE, System.err);
  }

  /**
   * As {@link #install()}.
   *
   * @param patience how long the work has to end
   * @param err is told where it does not at once
   */
  static Interrupt install(Duration patience, PrintStream err) {
    var interrupt = new Interrupt(patience, err);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread("interrupt") {
              @Override
              public void run() {
                interrupt.shutdown();
              }
            });
    return interrupt;
  }

  private void shutdown() {
    requested = true;
    long start = System.nanoTime();
    boolean told = false;
    try {
      while (!finished.await(LOOK_MILLIS, TimeUnit.MILLISECONDS)
          && System.nanoTime() - start < patience.toNanos()) {
        if (!told) {
          err.println("drag4j: stopping after this step; press Ctrl-C again to stop at once");
          told = true;
        }
        if (signals() > 1) {
          Runtime.getRuntime().halt(ExitCode.INTERRUPTED);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The JVM starts a thread for every signal; that of a second one waits for the shutdown. */
  private static int signals() {
    int count = 0;
    for (var thread : Thread.getAllStackTraces().keySet()) {
      count += thread.getName().equals(SIGNAL_THREAD) ? 1 : 0;
    }
    return count;
  }

  boolean requested() {
    return requested;
  }

  /** The work has ended; shutdown need not wait. */
  void finish() {
    finished.countDown();
  }
}
