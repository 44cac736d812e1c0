package org.drag4j.device;

/** The launches of a plan in their order; a device may record them to enqueue them as a whole. */
public interface Replay extends AutoCloseable {
  /** Enqueues all of them. */
  void enqueue();

  /** Releases the recording; the launches stay. */
  @Override
  void close();
}
