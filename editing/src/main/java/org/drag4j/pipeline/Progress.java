package org.drag4j.pipeline;

/** Follows the work, and may ask it to stop. */
public interface Progress {
  /** Follows nothing and never stops. */
  Progress NONE =
      new Progress() {
        @Override
        public void phase(String name, int steps) {}

        @Override
        public void step(int done, int total) {}

        @Override
        public boolean cancelled() {
          return false;
        }
      };

  /** A phase of {@code steps} steps begins: load, encode, invert, edit, decode, save. */
  void phase(String name, int steps);

  /** {@code done} of {@code total} steps of the phase are done. */
  void step(int done, int total);

  /** Something the user should know that does not stop the work; one line. */
  default void warn(String message) {}

  /** Whether the user wants the work to stop at the next step. */
  boolean cancelled();

  /**
   * Reports a step and stops where that is wanted.
   *
   * @throws CancelledException where the user stopped the work
   */
  default void advance(int done, int total) {
    step(done, total);
    check();
  }

  /**
   * Stops where that is wanted.
   *
   * @throws CancelledException where the user stopped the work
   */
  default void check() {
    if (cancelled()) {
      throw new CancelledException();
    }
  }
}
