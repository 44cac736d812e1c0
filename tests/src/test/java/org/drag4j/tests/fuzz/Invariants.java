package org.drag4j.tests.fuzz;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** What holds for every parser of outside input, whatever it is given. */
public final class Invariants {
  /** Heap that any input may cost. */
  static final long BASE = 64L << 20;

  /** Heap that a byte of input may cost. */
  static final long PER_BYTE = 2048;

  /** Processor time that any input may cost. */
  private static final long MOST_NANOS = 10_000_000_000L;

  /** Messages quote at most this much, and paths of files. */
  private static final int LONGEST = 2500;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Invariants() {}

  /** What a run took. */
  private record Use(long nanos, long bytes) {
    static Use of(Runnable parser) {
      long bytes = THREADS.getCurrentThreadAllocatedBytes();
      long nanos = THREADS.getCurrentThreadCpuTime();
      parser.run();
      nanos = THREADS.getCurrentThreadCpuTime() - nanos;
      return new Use(nanos, THREADS.getCurrentThreadAllocatedBytes() - bytes);
    }
  }

  /**
   * Runs a parser and checks what it took, a second time where the first one was dear: that loads
   * classes, and Jazzer rewrites them.
   *
   * @param inputBytes length of the input
   * @throws AssertionError where that is more than such an input may cost
   */
  public static void bounded(int inputBytes, Runnable parser) {
    long most = BASE + PER_BYTE * inputBytes;
    var use = Use.of(parser);
    if (use.bytes() > most || use.nanos() > MOST_NANOS) {
      use = Use.of(parser);
    }
    if (use.bytes() > most || use.nanos() > MOST_NANOS) {
      throw new AssertionError(
          "expected at most %d bytes of heap and %d ns for %d bytes of input, got %d and %d"
              .formatted(most, MOST_NANOS, inputBytes, use.bytes(), use.nanos()));
    }
  }

  /**
   * Checks that a refusal is one printable line of the form <em>where: expected X, got Y; what to
   * do</em>.
   *
   * @param origin what the message must begin with
   */
  public static void refusal(String origin, RuntimeException e) {
    String message = String.valueOf(e.getMessage());
    int expected = message.indexOf("expected ");
    int got = message.indexOf(", got", expected);
    boolean form =
        message.startsWith(origin + ": ")
            && expected > 0
            && got > 0
            && message.indexOf("; ", got) > 0;
    boolean printable = message.chars().noneMatch(Character::isISOControl);
    if (!form || !printable || message.length() > LONGEST) {
      throw new AssertionError(
          "expected one line '" + origin + ": expected X, got Y; what to do', got: " + message, e);
    }
  }

  /** Checks that what was written is what was read. */
  public static void same(Object before, Object after) {
    if (!before.equals(after)) {
      throw new AssertionError("expected " + before + " after a round trip, got " + after);
    }
  }
}
