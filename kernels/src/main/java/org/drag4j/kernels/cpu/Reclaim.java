package org.drag4j.kernels.cpu;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Collects memory that was given back before more is taken. Left to itself the collector lets the
 * heap grow to its limit first: a dropped network and its activations would count twice.
 */
final class Reclaim {
  /** Less than this is not worth a collection, which takes some 10 ms. */
  private static final long WORTH = 128L << 20;

  private final AtomicLong released = new AtomicLong();

  /** So many bytes are garbage now. */
  void released(long bytes) {
    released.addAndGet(bytes);
  }

  /** So many bytes are about to be allocated, or an amount not known yet. */
  @SuppressWarnings("SystemGc") // what is live is large arrays, which a collection does not touch
  void beforeAllocating(long bytes) {
    if (bytes >= WORTH && released.get() >= WORTH) {
      released.set(0);
      System.gc();
    }
  }
}
